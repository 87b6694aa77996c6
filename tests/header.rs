//! The committed headers are the ones that the source of the C ABI generates. `make header` writes
//! them.

const GENERATED: &str = include_str!(concat!(env!("OUT_DIR"), "/partita.h"));

#[track_caller]
fn assert_is_generated(committed: &str) {
    let difference = committed
        .lines()
        .zip(GENERATED.lines())
        .find(|(old, new)| old != new);
    assert_eq!(difference, None, "run `make header`");
    assert_eq!(committed.len(), GENERATED.len(), "run `make header`");
}

#[test]
fn the_committed_header_is_the_generated_one() {
    assert_is_generated(include_str!("../include/partita.h"));
}

#[test]
fn the_header_in_the_go_module_is_the_generated_one() {
    assert_is_generated(include_str!("../go/partita/partita.h"));
}
