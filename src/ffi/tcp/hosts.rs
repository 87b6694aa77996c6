//! Cutting, decoding and encoding, by hosts that are function pointers.

use std::ffi::c_void;
use std::sync::Arc;

use super::super::callbacks::{HostPointer, value_of, values_of};
use super::super::entry;
use super::super::frame::{self, Frame as CallFrame, Text};
use super::super::status::*;
use super::super::types::*;
use super::types::*;
use crate::host::{Decode, DecodeBatch, Encode, EncodeBatch, Frame, Host, Split, Verdict};
use crate::model::Value;

const _: () = assert!(size_of::<partita_frame>() == size_of::<Frame>());
const _: () = assert!(std::mem::offset_of!(partita_frame, end) == std::mem::offset_of!(Frame, end));
const _: () = assert!(std::mem::offset_of!(partita_frame, len) == std::mem::offset_of!(Frame, len));
const _: () = assert!(size_of::<partita_value>() == size_of::<Value>());

fn lent(bytes: &[u8]) -> partita_bytes {
    partita_bytes {
        ptr: bytes.as_ptr(),
        len: bytes.len(),
    }
}

// ---- cutting ----

pub(super) enum SplitForm {
    Many(unsafe extern "C" fn(*mut c_void, *mut partita_split) -> partita_status),
    One(unsafe extern "C" fn(*mut c_void, *const u8, usize) -> u64),
}

pub(super) struct SplitHost {
    pub(super) host: Arc<HostPointer>,
    pub(super) form: SplitForm,
}

impl Host for SplitHost {
    fn release(&self) {
        self.host.release();
    }
}

struct SplitFrame<'a> {
    lent: partita_split,
    frames: &'a mut Vec<Frame>,
}

impl CallFrame for SplitFrame<'_> {
    fn settle(&mut self) -> Result<(), String> {
        let (done, capacity) = (self.lent.done, self.lent.capacity);
        if done > capacity {
            return Err(format!("it claims {done} frames where {capacity} fit"));
        }
        // SAFETY: there is room for them, and the host says that it wrote them.
        unsafe { self.frames.set_len(done) };
        Ok(())
    }
}

impl Split for SplitHost {
    fn split(
        &self,
        bytes: &[u8],
        header: usize,
        longest: usize,
        most: usize,
        frames: &mut Vec<Frame>,
    ) -> Verdict {
        frames.clear();
        frames.reserve(most);
        let many = match self.form {
            SplitForm::Many(many) => many,
            SplitForm::One(one) => {
                self.each(one, bytes, header, (longest, most), frames);
                return Verdict::Done;
            }
        };
        let mut text = Text::new();
        let lent = partita_split {
            size: size_of::<partita_split>(),
            bytes: lent(bytes),
            longest,
            frames: frames.as_mut_ptr().cast(),
            capacity: most,
            done: 0,
            failure: text.lend(),
        };
        let mut frame = SplitFrame { lent, frames };
        frame::call(
            &mut frame,
            &text,
            // SAFETY: all that is lent lives for the call.
            |frame| unsafe { many(self.host.host, &raw mut (*frame).lent) },
            |frame| frame.lent.failure.len,
        )
    }
}

impl SplitHost {
    fn each(
        &self,
        payload_length: unsafe extern "C" fn(*mut c_void, *const u8, usize) -> u64,
        bytes: &[u8],
        header: usize,
        (longest, most): (usize, usize),
        frames: &mut Vec<Frame>,
    ) {
        let mut at = 0;
        while frames.len() < most
            && let Some(head) = bytes.get(at..at + header)
        {
            // SAFETY: the header is lent for the call.
            let len = unsafe { payload_length(self.host.host, head.as_ptr(), head.len()) };
            let len = usize::try_from(len).unwrap_or(usize::MAX);
            let start = at + header;
            let end = start.saturating_add(len);
            frames.push(Frame { start, len, end });
            if len > longest || end > bytes.len() {
                break;
            }
            at = end;
        }
    }
}

// ---- decoding ----

type DecodeFunction = unsafe extern "C" fn(*mut c_void, *mut partita_decode) -> partita_status;
type DecodeFrameFunction = unsafe extern "C" fn(
    *mut c_void,
    partita_bytes,
    *mut partita_value,
    *mut partita_failure,
) -> partita_status;

pub(super) enum DecodeForm {
    Many(DecodeFunction),
    One(DecodeFrameFunction),
}

pub(super) struct DecodeHost {
    pub(super) host: Arc<HostPointer>,
    pub(super) form: DecodeForm,
}

impl Host for DecodeHost {
    fn release(&self) {
        self.host.release();
    }
}

struct DecodeFrame<'a> {
    lent: partita_decode,
    values: &'a mut Vec<Value>,
}

impl CallFrame for DecodeFrame<'_> {
    fn settle(&mut self) -> Result<(), String> {
        let (done, len) = (self.lent.done, self.lent.len);
        if done > len {
            // None of them can be trusted to be a message.
            self.values.clear();
            return Err(format!("it claims {done} messages of {len} frames"));
        }
        // SAFETY: there is room for `len`, and the host says that it wrote `done`; those that are filtered
        // are not looked at, and were zero.
        unsafe { self.values.set_len(done) };
        Ok(())
    }
}

impl Decode for DecodeHost {
    fn decode(&self, batch: &mut DecodeBatch<'_>) -> Verdict {
        match self.form {
            DecodeForm::Many(many) => self.many(many, batch),
            DecodeForm::One(one) => self.each(one, batch),
        }
    }
}

impl DecodeHost {
    fn many(&self, function: DecodeFunction, batch: &mut DecodeBatch<'_>) -> Verdict {
        let mut text = Text::new();
        let len = batch.frames.len();
        // Zero, so that what a host leaves out is some word.
        batch.values.clear();
        batch.values.resize(len, Value(0));
        let lent = partita_decode {
            size: size_of::<partita_decode>(),
            bytes: lent(batch.bytes),
            len,
            frames: batch.frames.as_ptr().cast(),
            values: batch.values.as_mut_ptr().cast(),
            filtered: batch.filtered.as_mut_ptr(),
            done: 0,
            failure: text.lend(),
        };
        let mut frame = DecodeFrame {
            lent,
            values: batch.values,
        };
        frame::call(
            &mut frame,
            &text,
            // SAFETY: all that is lent lives for the call.
            |frame| unsafe { function(self.host.host, &raw mut (*frame).lent) },
            |frame| frame.lent.failure.len,
        )
    }

    fn each(&self, function: DecodeFrameFunction, batch: &mut DecodeBatch<'_>) -> Verdict {
        for (frame, filtered) in batch.frames.iter().zip(&mut *batch.filtered) {
            let bytes = &batch.bytes[frame.start..][..frame.len];
            let mut value = partita_value { word: 0 };
            let mut text = Text::new();
            let mut failure = text.lend();
            // SAFETY: all that is lent lives for the call.
            let status = unsafe {
                function(
                    self.host.host,
                    lent(bytes),
                    &raw mut value,
                    &raw mut failure,
                )
            };
            match status {
                PARTITA_FILTERED => *filtered = PARTITA_FILTERED_FRAME,
                PARTITA_OK => {}
                status => return frame::verdict(status, || text.read(failure.len)),
            }
            // SAFETY: any bits are a word.
            batch.values.push(Value(unsafe { value.word }));
        }
        Verdict::Done
    }
}

// ---- encoding ----

type EncodeFunction = unsafe extern "C" fn(*mut c_void, *mut partita_encode) -> partita_status;
type EncodeMessageFunction = unsafe extern "C" fn(
    *mut c_void,
    partita_value,
    *mut u8,
    usize,
    *mut usize,
    *mut partita_failure,
) -> partita_status;

pub(super) enum EncodeForm {
    Many(EncodeFunction),
    One(EncodeMessageFunction),
}

pub(super) struct EncodeHost {
    pub(super) host: Arc<HostPointer>,
    pub(super) form: EncodeForm,
}

impl Host for EncodeHost {
    fn release(&self) {
        self.host.release();
    }
}

struct EncodeFrame<'a> {
    lent: partita_encode,
    bytes: &'a mut Vec<u8>,
    ends: &'a mut Vec<usize>,
    needed: &'a mut usize,
}

impl CallFrame for EncodeFrame<'_> {
    fn settle(&mut self) -> Result<(), String> {
        let (done, len) = (self.lent.done, self.lent.len);
        if done > len {
            return Err(format!("it claims {done} of {len} messages done"));
        }
        *self.needed = self.lent.needed;
        let before = self.bytes.len();
        // SAFETY: there is room for `len`, and the host says that it wrote `done`.
        unsafe { self.ends.set_len(done) };
        let capacity = self.lent.capacity;
        if let Some(end) = self.ends.iter().find(|&&end| end > capacity) {
            let text =
                format!("bytes of a message end at {end}, where there is room for {capacity}");
            self.ends.clear();
            return Err(text);
        }
        let written = self.ends.last().copied().unwrap_or(0);
        // SAFETY: there is room for them, and the host says that it wrote them.
        unsafe { self.bytes.set_len(before + written) };
        self.ends.iter_mut().for_each(|end| *end += before);
        Ok(())
    }
}

impl Encode for EncodeHost {
    fn encode(&self, batch: &mut EncodeBatch<'_>) -> Verdict {
        match self.form {
            EncodeForm::Many(many) => self.many(many, batch),
            EncodeForm::One(one) => self.each(one, batch),
        }
    }
}

impl EncodeHost {
    fn many(&self, function: EncodeFunction, batch: &mut EncodeBatch<'_>) -> Verdict {
        let mut text = Text::new();
        batch.ends.clear();
        batch.ends.reserve(batch.values.len());
        let room = batch.bytes.spare_capacity_mut();
        let lent = partita_encode {
            size: size_of::<partita_encode>(),
            len: batch.values.len(),
            values: values_of(batch.values),
            bytes: room.as_mut_ptr().cast(),
            capacity: room.len(),
            ends: batch.ends.as_mut_ptr(),
            done: 0,
            needed: 0,
            failure: text.lend(),
        };
        let mut frame = EncodeFrame {
            lent,
            bytes: batch.bytes,
            ends: batch.ends,
            needed: batch.needed,
        };
        frame::call(
            &mut frame,
            &text,
            // SAFETY: all that is lent lives for the call.
            |frame| unsafe { function(self.host.host, &raw mut (*frame).lent) },
            |frame| frame.lent.failure.len,
        )
    }

    fn each(&self, function: EncodeMessageFunction, batch: &mut EncodeBatch<'_>) -> Verdict {
        for &value in batch.values {
            let before = batch.bytes.len();
            let room = batch.bytes.spare_capacity_mut();
            let (mut len, capacity) = (0, room.len());
            let mut text = Text::new();
            let mut failure = text.lend();
            // SAFETY: all that is lent lives for the call.
            let status = unsafe {
                function(
                    self.host.host,
                    value_of(value),
                    room.as_mut_ptr().cast(),
                    capacity,
                    &raw mut len,
                    &raw mut failure,
                )
            };
            match status {
                PARTITA_OK if len > capacity => {
                    *batch.needed = len;
                    return Verdict::OutputsFull;
                }
                PARTITA_OK => {}
                status => return frame::verdict(status, || text.read(failure.len)),
            }
            // SAFETY: there is room for them, and the host says that it wrote them.
            unsafe { batch.bytes.set_len(before + len) };
            batch.ends.push(before + len);
        }
        Verdict::Done
    }
}

/// Bytes of the caller's.
///
/// # Safety
/// They are readable for as long as they are used.
pub(super) unsafe fn bytes_of<'a>(bytes: partita_bytes) -> Result<&'a [u8], partita_status> {
    // SAFETY: the caller vouches for them.
    unsafe { entry::slice(bytes.ptr, bytes.len) }
}
