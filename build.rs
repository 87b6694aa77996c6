//! Generates the C header into `OUT_DIR`, from the source of the C ABI.

use std::env;
use std::path::PathBuf;

fn main() {
    println!("cargo::rerun-if-changed=src/ffi");
    println!("cargo::rerun-if-changed=build.rs");
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    std::fs::write(out.join("partita.h"), header(&root)).expect("OUT_DIR is writable");
}

/// The text of the header. What Rust calls safety is what C programmers owe about pointers.
fn header(root: &std::path::Path) -> String {
    let mut text = Vec::new();
    generate(root).write(&mut text);
    String::from_utf8(text)
        .expect("cbindgen writes UTF-8")
        .replace("# Safety\n", "Pointers:\n")
        .split_inclusive('\n')
        .map(parenthesized)
        .collect()
}

/// A macro that is a negative number may stand behind an operator.
fn parenthesized(line: &str) -> String {
    let negative = line
        .strip_prefix("#define ")
        .and_then(|define| define.trim_end().split_once(" -"));
    match negative {
        Some((name, number)) if number.parse::<u64>().is_ok() => {
            format!("#define {name} (-{number})\n")
        }
        _ => line.to_owned(),
    }
}

fn generate(root: &std::path::Path) -> cbindgen::Bindings {
    let preamble = std::fs::read_to_string(root.join("src/ffi/preamble.h")).expect("the preamble");
    let config = cbindgen::Config {
        language: cbindgen::Language::C,
        cpp_compat: true,
        style: cbindgen::Style::Both,
        usize_is_size_t: true,
        documentation_style: cbindgen::DocumentationStyle::Doxy,
        documentation_length: cbindgen::DocumentationLength::Full,
        header: Some(preamble.trim_end().to_owned()),
        include_guard: Some("PARTITA_H".to_owned()),
        after_includes: Some(format!(
            "\n/**\n * The version of this header.\n */\n#define PARTITA_VERSION \"{}\"\n\n\
             /**\n * A string literal as a `partita_str`, for an initializer.\n */\n\
             #define PARTITA_STR(literal) {{(literal), sizeof(literal) - 1}}",
            env::var("CARGO_PKG_VERSION").expect("cargo sets it")
        )),
        ..Default::default()
    };
    cbindgen::Builder::new()
        .with_config(config)
        .with_src(root.join("src/ffi/mod.rs"))
        .generate()
        .expect("the C header can be generated")
}
