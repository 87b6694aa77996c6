//! The picture as lines for people.

use std::fmt::{self, Write};

use super::{PartitionPicture, Picture, PipelinePicture, WorkPicture, name_of_keys};
use crate::model::KeyKind;

pub(super) fn draw(picture: &Picture) -> String {
    let mut text = String::new();
    write_all(&mut text, picture).expect("a string takes it");
    text
}

fn write_all(text: &mut String, picture: &Picture) -> fmt::Result {
    let Picture {
        name,
        workers,
        key_groups,
        ..
    } = picture;
    writeln!(
        text,
        "application {name:?}: workers {workers}, key groups {key_groups}"
    )?;
    for partition in &picture.partitions {
        writeln!(
            text,
            "  partition {:?}: {}",
            partition.name,
            keys(partition)
        )?;
    }
    for pipeline in &picture.pipelines {
        write_pipeline(text, picture, pipeline)?;
    }
    Ok(())
}

fn write_pipeline(text: &mut String, picture: &Picture, pipeline: &PipelinePicture) -> fmt::Result {
    writeln!(text, "  pipeline {:?}", pipeline.name)?;
    match &pipeline.listen {
        None => writeln!(text, "    source: credits {}", pipeline.credits)?,
        Some((address, framing)) => writeln!(
            text,
            "    source: listens on {address}, {framing}, credits {}",
            pipeline.credits
        )?,
    }
    for (number, step) in pipeline.steps.iter().enumerate() {
        let kind = match step.work {
            WorkPicture::State(partition) => {
                format!(
                    "state computation on {:?}",
                    picture.partitions[partition].name
                )
            }
            WorkPicture::Stateless => "stateless computation".into(),
            WorkPicture::Parallel => "parallel computation, order given up".into(),
        };
        let (name, policy) = (&step.name, step.failing.name());
        write!(
            text,
            "    step {} {name:?}: {kind}, policy {policy}",
            number + 1
        )?;
        match step.blocking {
            Some(threads) => writeln!(text, ", blocking, threads {threads}")?,
            None => writeln!(text)?,
        }
    }
    for sink in &pipeline.sinks {
        let kind = sink.kind.name();
        let policy = sink.failing.name();
        writeln!(text, "    sink {:?}: {kind}, policy {policy}", sink.name)?;
    }
    if pipeline.sinks.is_empty() {
        writeln!(text, "    done")?;
    }
    Ok(())
}

fn keys(partition: &PartitionPicture) -> String {
    let kind = name_of_keys(partition.keys);
    match (partition.keys, partition.declared) {
        (KeyKind::Single, _) => "a single part".into(),
        (_, Some(count)) => format!("keys {kind}, {count} declared"),
        (_, None) => format!("keys {kind}, on first use"),
    }
}
