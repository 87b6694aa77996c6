//! Fuzzes what cuts streams into frames: however a stream comes in pieces, its frames are the same, lie
//! one behind the other inside of what came, are no longer than allowed, and nothing panics.
//!
//! The first bytes say which framing, its limit, and how long the pieces are; the rest is the stream.
//! With libFuzzer (`make fuzz`) streams are made up; without it those in the files and folders named on the
//! command line are run, and how many they were is printed.
#![cfg_attr(feature = "libfuzzer", no_main)]

use std::sync::Arc;

use partita::host::{Frame, Host, Split, Verdict};
use partita::topology::Framing;

use partita::{host, topology};

#[path = "../../../src/connect/frame.rs"]
mod frame;

use frame::{Framer, Wrong};

/// A host that says of frames what the headers tell it to: also what is not so.
struct Told;

impl Host for Told {}

impl Split for Told {
    fn split(
        &self,
        bytes: &[u8],
        header: usize,
        longest: usize,
        most: usize,
        frames: &mut Vec<Frame>,
    ) -> Verdict {
        let mut at = 0;
        while let Some(head) = bytes.get(at..at + header) {
            let len = usize::from(head[0]);
            let (start, end) = (at + header, at + header + len);
            match head.last() {
                Some(0xff) => return Verdict::Failed("it makes no sense".into()),
                Some(0xfe) => return Verdict::Contract("it broke its contract".into()),
                Some(0xfd) => frames.push(Frame {
                    start: usize::MAX - len,
                    len: usize::MAX,
                    end: len,
                }),
                Some(0xfc) => frames.push(Frame {
                    start,
                    len,
                    end: at,
                }),
                _ if frames.len() == most && head[0] != 0xfb => break,
                _ => frames.push(Frame { start, len, end }),
            }
            if len > longest || end > bytes.len() || end <= at || frames.len() > most + 3 {
                break;
            }
            at = end;
        }
        Verdict::Done
    }
}

/// Cuts a stream that comes in pieces as a connection does: what was not taken stays in front of the next.
fn cut(framer: &Framer, stream: &[u8], piece: usize, most: usize) -> (Vec<Vec<u8>>, Option<Wrong>) {
    let (mut left, mut searched) = (Vec::new(), 0);
    let (mut taken, mut frames) = (Vec::new(), Vec::new());
    for piece in stream.chunks(piece) {
        left.extend_from_slice(piece);
        loop {
            let result = framer.cut(&left, (most, &mut searched), &mut frames, |host| host());
            if let Err(wrong) = result {
                assert!(frames.is_empty());
                return (taken, Some(wrong));
            }
            let Some(last) = frames.last().copied() else {
                break;
            };
            assert!(frames.len() <= most);
            let mut at = 0;
            for frame in &frames {
                assert!(frame.start >= at && frame.start + frame.len <= frame.end);
                assert!(frame.end <= left.len());
                at = frame.end;
                taken.push(left[frame.start..][..frame.len].to_vec());
            }
            left.drain(..last.end);
        }
        assert!(left.len() <= framer.whole_max() + piece.len());
    }
    (taken, None)
}

fn run(data: &[u8]) {
    let [kind, limit, piece, most, stream @ ..] = data else {
        return;
    };
    let (limit, piece, most) = (
        usize::from(*limit) + 1,
        usize::from(*piece) + 1,
        usize::from(*most % 16) + 1,
    );
    let framing = match kind % 4 {
        0 => Framing::Length,
        1 => Framing::Lines,
        2 => Framing::Fixed(limit),
        _ => Framing::Header(1 + usize::from(kind / 4) % 4, Arc::new(Told)),
    };
    let framer = Framer::new(&framing, limit);
    let whole = cut(&framer, stream, stream.len().max(1), most);
    let pieces = cut(&framer, stream, piece, most);
    assert_eq!(whole.0, pieces.0);
    // What is wrong with a line may be found before its end comes, and then is told in other words.
    assert_eq!(whole.1.is_some(), pieces.1.is_some());
    assert!(whole.0.iter().all(|frame| frame.len() <= limit));
}

#[cfg(feature = "libfuzzer")]
libfuzzer_sys::fuzz_target!(|data: &[u8]| run(data));

#[cfg(not(feature = "libfuzzer"))]
fn main() {
    let mut count = 0;
    for path in std::env::args_os().skip(1) {
        run_all(path.as_ref(), &mut count);
    }
    println!("{count} inputs");
    assert!(count > 0, "expected files, or folders of them");
}

#[cfg(not(feature = "libfuzzer"))]
fn run_all(path: &std::path::Path, count: &mut usize) {
    if path.is_dir() {
        let entries = std::fs::read_dir(path).expect("it can be read");
        for entry in entries {
            run_all(&entry.expect("it can be read").path(), count);
        }
    } else {
        run(&std::fs::read(path).expect("it can be read"));
        *count += 1;
    }
}
