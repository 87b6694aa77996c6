//! Compiles the C that makes sequences of calls, against the header as every C program sees it.

fn main() {
    println!("cargo::rerun-if-changed=calls");
    println!("cargo::rerun-if-changed=../c/check.h");
    println!("cargo::rerun-if-changed=../../include/partita.h");
    let mut calls = cc::Build::new();
    calls.include("../../include").opt_level(1);
    calls.debug(true).warnings_into_errors(true);
    if std::env::var_os("CARGO_FEATURE_LIBFUZZER").is_some() {
        calls.file("calls/calls.c");
    } else {
        calls.file("calls/replay.c").define("main", "replay");
    }
    calls.compile("calls");
}
