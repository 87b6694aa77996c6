//! Structs of every recorded version (`tests/abi`) are large enough for the functions that read or write them.

use std::fs;
use std::path::Path;

use super::entry::Sized_;
use super::tcp::*;
use super::types::*;

macro_rules! least {
    ($($name:ident)*) => { [$((stringify!($name), $name::LEAST)),*] };
}

/// What each recorded version lists: `0.1` and its lines.
fn recorded() -> Vec<(String, String)> {
    let records = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/abi"));
    let record = |entry: std::io::Result<fs::DirEntry>| {
        let record = entry.expect("it is readable");
        let list = fs::read_to_string(record.path().join("list")).expect("a record has a list");
        (record.file_name().to_string_lossy().into_owned(), list)
    };
    records.expect("there are records").map(record).collect()
}

/// The size of a struct in a list.
fn size(list: &str, name: &str) -> Option<usize> {
    let said = format!("struct {name}: size ");
    let line = list.lines().find_map(|line| line.strip_prefix(&said))?;
    Some(line.split(',').next()?.parse().expect("a number"))
}

#[test]
fn structs_of_every_recorded_version_are_accepted() {
    let least = least![
        partita_wait
        partita_error_item
        partita_app_options
        partita_stepped
        partita_served
        partita_partition_options
        partita_source_options
        partita_step_options
        partita_computation_options
        partita_sink_options
        partita_completions
        partita_parts
        partita_batch
        partita_push
        partita_admission
        partita_buffer_options
        partita_tcp_source_options
        partita_tcp_sink_options
        partita_traffic
        partita_metrics
        partita_stage_metrics
    ];
    let recorded = recorded();
    assert!(!recorded.is_empty());
    for (version, list) in &recorded {
        for (name, least) in least {
            let size = size(list, name).unwrap_or(usize::MAX);
            assert!(
                least <= size,
                "{name} had {size} bytes in {version}: {least} are asked for"
            );
        }
    }
    // And no struct that functions take is left out, but those that only the engine makes.
    for (version, list) in &recorded {
        for line in list.lines().filter(|line| line.starts_with("function ")) {
            for taken in line.split("struct ").skip(1) {
                let Some((name, _)) = taken.split_once(" *") else {
                    continue;
                };
                let sized = list.contains(&format!("field {name}.size: size_t, offset 0"));
                let known = least.iter().any(|(known, _)| *known == name);
                let lent = ["partita_run", "partita_chain"].contains(&name);
                assert!(
                    !sized || known || lent,
                    "{name} of {version} is not compared"
                );
            }
        }
    }
}
