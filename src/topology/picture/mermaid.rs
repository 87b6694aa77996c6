//! The picture as a Mermaid flowchart (mermaid.js.org/syntax/flowchart): a box for each source, step
//! and sink (rounded without a state, doubled if parallel), a cylinder for each partition.

use std::fmt::{self, Write};

use super::{Picture, PipelinePicture, WorkPicture, name_of_keys};

pub(super) fn draw(picture: &Picture) -> String {
    let mut text = String::new();
    write_all(&mut text, picture).expect("a string takes it");
    text
}

fn write_all(text: &mut String, picture: &Picture) -> fmt::Result {
    writeln!(text, "flowchart LR")?;
    for (number, partition) in picture.partitions.iter().enumerate() {
        let (name, keys) = (label(&partition.name), name_of_keys(partition.keys));
        writeln!(text, "  state{number}[(\"{name}<br>{keys}\")]")?;
    }
    for (number, pipeline) in picture.pipelines.iter().enumerate() {
        write_pipeline(text, number, pipeline)?;
    }
    Ok(())
}

fn write_pipeline(text: &mut String, number: usize, pipeline: &PipelinePicture) -> fmt::Result {
    writeln!(
        text,
        "  subgraph pipeline{number}[\"{}\"]",
        label(&pipeline.name)
    )?;
    let source = match &pipeline.listen {
        None => "source".into(),
        Some((address, _)) => format!("source<br>listens on {}", label(address)),
    };
    writeln!(text, "    source{number}([\"{source}\"])")?;
    let mut last = format!("source{number}");
    for (index, step) in pipeline.steps.iter().enumerate() {
        let node = format!("step{number}_{index}");
        let (name, policy) = (label(&step.name), step.failing.name());
        let blocking = step.blocking;
        let threads = blocking.map_or_else(String::new, |n| format!("<br>threads {n}"));
        let (open, kind, close) = match step.work {
            WorkPicture::State(_) => ("[", "state computation", "]"),
            WorkPicture::Stateless => ("(", "stateless computation", ")"),
            WorkPicture::Parallel => ("[[", "parallel computation", "]]"),
        };
        writeln!(
            text,
            "    {last} --> {node}{open}\"{name}<br>{kind}<br>policy {policy}{threads}\"{close}"
        )?;
        last = node;
    }
    for (index, sink) in pipeline.sinks.iter().enumerate() {
        let (name, policy) = (label(&sink.name), sink.failing.name());
        let kind = label(&sink.kind.name());
        writeln!(
            text,
            "    {last} --> sink{number}_{index}[/\"{name}<br>{kind}<br>policy {policy}\"/]"
        )?;
    }
    writeln!(text, "  end")?;
    for (index, step) in pipeline.steps.iter().enumerate() {
        if let WorkPicture::State(partition) = step.work {
            writeln!(text, "  step{number}_{index} -.- state{partition}")?;
        }
    }
    Ok(())
}

/// A name within quotes: Mermaid ends them at any quote, and knows entities instead of escapes.
fn label(name: &str) -> String {
    let mut label = String::new();
    for character in name.chars() {
        match character {
            '"' | '<' | '>' | '#' | '&' | '`' | ';' => {
                let _ = write!(label, "#{};", u32::from(character));
            }
            '\n' | '\r' => label.push(' '),
            other => label.push(other),
        }
    }
    label
}
