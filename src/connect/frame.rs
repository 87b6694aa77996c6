//! Cutting a stream of bytes into frames. Nothing is kept of a stream here but how far it was searched.

use std::sync::Arc;

use crate::host::{Frame, Split, Verdict};
use crate::topology::Framing;

/// How many bytes a length has that comes before its frame.
const LENGTH: usize = 4;

/// Why a stream makes no sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrong(pub(crate) String);

/// Cuts streams of one kind.
pub(crate) struct Framer {
    kind: Kind,
    /// The longest payload.
    longest: usize,
}

enum Kind {
    Length,
    Lines,
    Fixed(usize),
    Header(usize, Arc<dyn Split>),
}

impl Framer {
    pub(crate) fn new(framing: &Framing, longest: usize) -> Framer {
        let kind = match framing {
            Framing::Length => Kind::Length,
            Framing::Lines => Kind::Lines,
            Framing::Fixed(len) => Kind::Fixed(*len),
            Framing::Header(len, split) => Kind::Header(*len, split.clone()),
        };
        Framer { kind, longest }
    }

    /// Finds the whole frames at the beginning of `bytes`, at most `most`, and leaves them in `frames`.
    /// What comes behind them is only wrong once there are none. `searched` bytes were seen before, and
    /// have no frame. If the host is needed, `call` calls it.
    pub(crate) fn cut(
        &self,
        bytes: &[u8],
        (most, searched): (usize, &mut usize),
        frames: &mut Vec<Frame>,
        call: impl FnOnce(&mut dyn FnMut() -> Verdict) -> Verdict,
    ) -> Result<(), Wrong> {
        frames.clear();
        let result = match &self.kind {
            Kind::Length => self.lengths(bytes, most, frames),
            Kind::Lines => self.lines(bytes, (most, *searched), frames),
            Kind::Fixed(len) => {
                fixed(*len, bytes, most, frames);
                Ok(())
            }
            Kind::Header(len, split) => {
                let verdict = match bytes.len() < *len {
                    true => Verdict::Done,
                    false => call(&mut || split.split(bytes, *len, self.longest, most, frames)),
                };
                self.headers(*len, bytes, (most, frames), verdict)
            }
        };
        *searched = match frames.last() {
            // What is behind them was not searched to its end, if it was searched at all.
            Some(_) => 0,
            None => bytes.len(),
        };
        match frames.is_empty() {
            true => result,
            false => Ok(()),
        }
    }

    /// How many bytes a frame has at most, with what tells its length or its end.
    pub(crate) fn whole_max(&self) -> usize {
        match &self.kind {
            Kind::Length => LENGTH + self.longest,
            Kind::Lines => self.longest + 2,
            Kind::Fixed(len) => *len,
            Kind::Header(len, _) => len + self.longest,
        }
    }

    fn check(&self, len: usize) -> Result<(), Wrong> {
        if len <= self.longest {
            return Ok(());
        }
        let longest = self.longest;
        Err(Wrong(format!(
            "a frame of {len} bytes: expected at most {longest}"
        )))
    }

    fn lengths(&self, bytes: &[u8], most: usize, frames: &mut Vec<Frame>) -> Result<(), Wrong> {
        let mut at = 0;
        while frames.len() < most
            && let Some((length, rest)) = bytes[at..].split_first_chunk::<LENGTH>()
        {
            let len = u32::from_be_bytes(*length) as usize;
            self.check(len)?;
            if rest.len() < len {
                break;
            }
            let start = at + LENGTH;
            at = start + len;
            frames.push(Frame {
                start,
                len,
                end: at,
            });
        }
        Ok(())
    }

    fn lines(
        &self,
        bytes: &[u8],
        (most, searched): (usize, usize),
        frames: &mut Vec<Frame>,
    ) -> Result<(), Wrong> {
        let (mut at, mut from) = (0, searched.min(bytes.len()));
        while frames.len() < most {
            let Some(found) = memchr::memchr(b'\n', &bytes[from..]) else {
                // A line of the longest kind may still have its end to come, of two bytes.
                let (left, longest) = (bytes.len() - at, self.longest);
                if left > longest + 1 || left == longest + 1 && bytes.last() != Some(&b'\r') {
                    return Err(Wrong(format!(
                        "a line of more than {longest} bytes: expected its end before"
                    )));
                }
                break;
            };
            let newline = from + found;
            let line = &bytes[at..newline];
            let len = line.strip_suffix(b"\r").unwrap_or(line).len();
            self.check(len)?;
            frames.push(Frame {
                start: at,
                len,
                end: newline + 1,
            });
            at = newline + 1;
            from = at;
        }
        Ok(())
    }

    /// Judges what the host said of headers.
    fn headers(
        &self,
        header: usize,
        bytes: &[u8],
        (most, frames): (usize, &mut Vec<Frame>),
        verdict: Verdict,
    ) -> Result<(), Wrong> {
        let (mut at, mut whole, mut result) = (0, 0, Ok(()));
        for frame in frames.iter() {
            if let Err(wrong) = self.check_header(header, at, frame) {
                result = Err(wrong);
                break;
            }
            if frame.end > bytes.len() {
                break;
            }
            at = frame.end;
            whole += 1;
        }
        let told = frames.len();
        frames.truncate(whole.min(most));
        match verdict {
            Verdict::Failed(text) if result.is_ok() && whole == told => {
                Err(Wrong(format!("a header that makes no sense: {text}")))
            }
            Verdict::Contract(text) => Err(Wrong(format!("cutting it into frames failed: {text}"))),
            Verdict::OutputsFull => Err(Wrong("cutting it into frames has no outputs".into())),
            _ if told == 0 && bytes.len() >= header + self.longest => Err(Wrong(format!(
                "no frame in {} bytes: expected one",
                bytes.len()
            ))),
            _ => result,
        }
    }

    /// A host may say anything of a frame.
    fn check_header(&self, header: usize, at: usize, frame: &Frame) -> Result<(), Wrong> {
        self.check(frame.len)?;
        let end = frame.start.checked_add(frame.len);
        let inside = frame.start >= at + header && end.is_some_and(|end| end <= frame.end);
        // What lies between is part of the frame.
        let near = frame.end - at.min(frame.end) <= header + self.longest;
        match inside && near {
            true => Ok(()),
            false => Err(Wrong(format!(
                "a frame from {} on, of {} bytes, up to {}, behind byte {at}: expected them in this order",
                frame.start, frame.len, frame.end
            ))),
        }
    }
}

fn fixed(len: usize, bytes: &[u8], most: usize, frames: &mut Vec<Frame>) {
    let whole = (bytes.len() / len).min(most);
    frames.extend((0..whole).map(|number| Frame {
        start: number * len,
        len,
        end: (number + 1) * len,
    }));
}
