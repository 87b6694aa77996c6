//! A C compiler finds the sizes, alignments, offsets and numbers in the committed header that Rust has.

use std::fmt::Write;
use std::process::{Command, Stdio};

use super::status::*;
use super::tcp::*;
use super::types::*;
use super::version::PARTITA_ABI;

/// A C line that asserts a number.
fn assertion(what: &str, number: impl std::fmt::Display) -> String {
    format!("_Static_assert({what} == {number}, \"{what} is {number} in Rust\");\n")
}

macro_rules! numbers {
    ($($name:ident)*) => {
        [$((stringify!($name), assertion(stringify!($name), $name))),*]
    };
}

macro_rules! layouts {
    ($($name:ident { $($field:ident)* })*) => {
        [$((stringify!($name), [
            assertion(concat!("sizeof(", stringify!($name), ")"), size_of::<$name>()),
            assertion(concat!("_Alignof(", stringify!($name), ")"), align_of::<$name>()),
            $(assertion(
                concat!("offsetof(", stringify!($name), ", ", stringify!($field), ")"),
                std::mem::offset_of!($name, $field),
            )),*
        ].concat())),*]
    };
}

/// The names that the header has behind these words.
fn declared<'h>(header: &'h str, words: &str) -> Vec<&'h str> {
    let names = header.lines().filter_map(|line| line.strip_prefix(words));
    names
        .map(|rest| rest.split([' ', '(']).next().unwrap_or(rest))
        .collect()
}

fn compiles(source: &str) {
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".into());
    let include = concat!(env!("CARGO_MANIFEST_DIR"), "/include");
    let mut child = Command::new(compiler)
        .args(["-std=c11", "-fsyntax-only", "-I", include, "-x", "c", "-"])
        .stdin(Stdio::piped())
        .spawn()
        .expect("there is a C compiler");
    let mut input = child.stdin.take().expect("it is piped");
    std::io::Write::write_all(&mut input, source.as_bytes()).expect("the compiler reads");
    drop(input);
    assert!(child.wait().expect("it ends").success());
}

#[test]
fn the_header_has_the_sizes_and_numbers_of_rust() {
    let header = include_str!("../../include/partita.h");
    let mut source = String::from("#include <partita.h>\n#include <stddef.h>\n");
    let numbers = numbers![
        PARTITA_FOREVER
        PARTITA_THREADS_ENGINE
        PARTITA_THREADS_HOST
        PARTITA_THREADS_NONE
        PARTITA_THREADS_STEPPED
        PARTITA_KEY_WORD
        PARTITA_KEY_BYTES
        PARTITA_KEY_SINGLE
        PARTITA_RUN_DATA
        PARTITA_CHANGED
        PARTITA_DELETE
        PARTITA_COMPUTE_FAILED
        PARTITA_POLICY_STOP
        PARTITA_POLICY_SKIP
        PARTITA_POLICY_RESET
        PARTITA_POLICY_QUARANTINE
        PARTITA_RETRIES_MAX
        PARTITA_RETRY_PAUSE_MAX_NS
        PARTITA_DEAD_UNKNOWN_KEY
        PARTITA_DEAD_PARTITION
        PARTITA_DEAD_BUILD
        PARTITA_DEAD_COMPUTE
        PARTITA_DEAD_SINK
        PARTITA_DEAD_FAILED
        PARTITA_DEAD_CLOSED
        PARTITA_DEAD_QUARANTINED
        PARTITA_DEAD_DECODE
        PARTITA_DEAD_REASONS
        PARTITA_DEAD_ROOM
        PARTITA_DESCRIBE_TEXT
        PARTITA_DESCRIBE_JSON
        PARTITA_DESCRIBE_MERMAID
        PARTITA_STAGE_SOURCE
        PARTITA_STAGE_STEP
        PARTITA_STAGE_SINK
        PARTITA_ABI
        PARTITA_OK
        PARTITA_INVALID_ARGUMENT
        PARTITA_INVALID_UTF8
        PARTITA_INVALID_HANDLE
        PARTITA_INVALID_TOPOLOGY
        PARTITA_NOT_STARTED
        PARTITA_ALREADY_STARTED
        PARTITA_WOULD_BLOCK
        PARTITA_TIMEOUT
        PARTITA_CANCELLED
        PARTITA_STOPPED
        PARTITA_CLOSED
        PARTITA_FAILED
        PARTITA_WOULD_DEADLOCK
        PARTITA_BUSY
        PARTITA_NOT_FOUND
        PARTITA_UNSUPPORTED
        PARTITA_OUTPUTS_FULL
        PARTITA_FORKED
        PARTITA_THREAD
        PARTITA_INTERNAL
        PARTITA_CONTRACT
        PARTITA_LATER
        PARTITA_FRAMING_LENGTH
        PARTITA_FRAMING_LINES
        PARTITA_FRAMING_FIXED
        PARTITA_FRAMING_HEADER
        PARTITA_FILTERED_FRAME
        PARTITA_FRAME_MAX
        PARTITA_LOG_INFO
        PARTITA_LOG_WARNING
        PARTITA_LOG_ERROR
        PARTITA_FILTERED
        PARTITA_ADDRESS
    ];
    let layouts = layouts![
        partita_value { ptr word }
        partita_str { ptr len }
        partita_bytes { ptr len }
        partita_app { id }
        partita_pipeline { id }
        partita_sender { id }
        partita_buffer { id }
        partita_buffer_options { size messages flush_ns }
        partita_sink { id }
        partita_cancel { id }
        partita_reader { id }
        partita_error { id }
        partita_wait { size timeout_ns cancel }
        partita_error_item { size code message path }
        partita_failure { text capacity len }
        partita_app_options { size name workers threads key_groups run_length stack_size host drop_host dead_letters park unpark now seed completed log }
        partita_stepped { size turns idle_ns }
        partita_served { size run idle_ns }
        partita_build { size len word_keys byte_keys states done failure }
        partita_partition_options { size name key_kind declared word_keys byte_keys keys_len host drop_host build drop_state state_size state_align state_init state_drop }
        partita_source_options { size credits host drop_host drop share }
        partita_keys { size len values words bytes scratch scratch_len done failure }
        partita_output { value from }
        partita_run { size kind step len values states word_keys byte_keys times outputs outputs_capacity outputs_len flags done failure engine later }
        partita_step_options { size name partition policy host drop_host keys word_key byte_key run compute drop share chain blocking retries retry_pause_ns }
        partita_chain { size step steps hosts len values outputs outputs_capacity outputs_len waiting completed word_keys byte_keys scratch scratch_len keys_len failed failed_step failed_from failure engine }
        partita_computation_options { size name policy parallel host drop_host compute chain drop share blocking }
        partita_push { size done len values word_keys byte_keys completed steps failed failed_step failed_value failure waiting given_up from failed_from ends }
        partita_admission { size wanted tokens tokens_len position_out }
        partita_delivery { size len values done failure }
        partita_sink_options { size name policy host drop_host deliver capacity answer retries retry_pause_ns }
        partita_answers { size len values tokens done failure }
        partita_completion { token dead reason text }
        partita_completed { size len completions completion_size failure }
        partita_completions { size capacity tokens dead reasons texts text_size }
        partita_dead_letter { value reason has_key word_key byte_key stage path text frame }
        partita_dead_letters { size len letters letter_size done failure }
        partita_batch { size len values word_keys byte_keys failed failure tokens tokens_len position_out }
        partita_parts { size capacity word_keys byte_keys states }
        partita_frame { start len end }
        partita_split { size bytes longest frames capacity done failure }
        partita_decode { size bytes len frames values filtered done failure }
        partita_tcp_source_options { size address framing frame_size header_length payload_length split decode decode_frame credits host drop_host drop share frame_max connections_max buffer_max idle_ns ack_request }
        partita_encode { size len values bytes capacity ends done needed failure }
        partita_tcp_sink_options { size name policy host drop_host address encode encode_message capacity buffer_max reconnect_min_ns reconnect_max_ns flush_ns }
        partita_traffic { size connections connected cut bytes frames filtered dropped again }
        partita_log_record { size level path text left_out }
        partita_metrics { size sent computed emitted delivered discarded dead in_flight values_held parts stages quarantined }
        partita_stage_metrics { size kind path completed emitted dead }
    ];
    for (_, assertions) in numbers.iter().chain(&layouts) {
        source.write_str(assertions).expect("memory");
    }
    compiles(&source);
    // And nothing of the header is left out here.
    let others = ["PARTITA_H", "PARTITA_VERSION", "PARTITA_STR"];
    for name in declared(header, "#define ") {
        let known = numbers.iter().any(|(known, _)| *known == name) || others.contains(&name);
        assert!(known, "{name} is not compared");
    }
    let types = declared(header, "typedef struct ").into_iter();
    for name in types.chain(declared(header, "typedef union ")) {
        let known = layouts.iter().any(|(known, _)| *known == name) || name == "partita_emitter";
        assert!(known, "{name} is not compared");
    }
}
