//! Fuzzes sequences of calls of the C ABI: `calls/calls.c` makes them, of bytes, and says what must hold.
//!
//! With libFuzzer (`make fuzz`) bytes are made up by what they reach; without it those in the files and folders
//! named on the command line are run, and then random ones for `-seconds N`: see `calls/replay.c`.
#![cfg_attr(feature = "libfuzzer", no_main)]

// Whose functions the C calls.
use partita as _;

#[cfg(feature = "libfuzzer")]
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    unsafe extern "C" {
        fn run_calls(data: *const u8, len: usize);
    }
    // SAFETY: there are so many bytes, and nobody else runs any.
    unsafe { run_calls(data.as_ptr(), data.len()) }
});

#[cfg(not(feature = "libfuzzer"))]
fn main() {
    use std::ffi::{CString, c_char, c_int};
    use std::os::unix::ffi::OsStringExt;

    unsafe extern "C" {
        fn replay(argc: c_int, argv: *const *const c_char) -> c_int;
    }
    let arguments = std::env::args_os().map(|argument| CString::new(argument.into_vec()));
    let arguments: Vec<CString> = arguments
        .map(|argument| argument.expect("no NUL"))
        .collect();
    let mut pointers: Vec<*const c_char> = arguments.iter().map(|text| text.as_ptr()).collect();
    pointers.push(std::ptr::null());
    // SAFETY: that is what a program gets.
    let status = unsafe { replay(arguments.len() as c_int, pointers.as_ptr()) };
    std::process::exit(status);
}
