//! Mistakes in sources that listen and sinks that connect.

use std::time::Duration;

use super::{CREDITS_MAX, Check};
use crate::topology::declare::Threads;
use crate::topology::stream::{Connect, FRAME_MAX, Framing, Listen};

/// The most connections of a source.
const CONNECTIONS_MAX: u64 = 1 << 20;
/// The longest pause before a sink connects again.
const PAUSE_MAX: Duration = Duration::from_secs(24 * 60 * 60);

impl Check<'_> {
    pub(super) fn listen(&mut self, path: &str, listen: &Listen) {
        let path = format!("{path} / source");
        self.needs_threads(&path, "a source that listens");
        self.address(&path, &listen.address, 0);
        let limits = &listen.limits;
        let most = FRAME_MAX as u64;
        self.range(&path, "bytes in a frame", limits.frame as u64, 1, most);
        self.range(
            &path,
            "connections",
            limits.connections as u64,
            1,
            CONNECTIONS_MAX,
        );
        let buffered = limits.buffered as u64;
        self.range(&path, "bytes buffered of a connection", buffered, 1, most);
        if limits.idle == Some(Duration::ZERO) {
            self.wrong(&path, "idle time: expected more than none");
        }
        let frame = limits.frame as u64;
        match &listen.framing {
            Framing::Fixed(len) => self.range(&path, "bytes of each frame", *len as u64, 1, frame),
            Framing::Header(len, _) => {
                self.range(&path, "bytes of a header", *len as u64, 1, frame);
            }
            Framing::Length | Framing::Lines => {}
        }
        if let Some(request) = &listen.ack_request {
            let len = request.len() as u64;
            self.range(&path, "bytes of the request for counts", len, 1, frame);
        }
    }

    pub(super) fn connect(&mut self, path: &str, connect: &Connect) {
        self.needs_threads(path, "a sink that connects");
        self.address(path, &connect.address, 1);
        self.range(path, "capacity", connect.capacity, 1, CREDITS_MAX);
        let (buffered, most) = (connect.buffered as u64, FRAME_MAX as u64);
        self.range(path, "bytes that wait to be written", buffered, 1, most);
        let (first, longest) = connect.pauses;
        let nanoseconds = |pause: Duration| u64::try_from(pause.as_nanos()).unwrap_or(u64::MAX);
        self.range(
            path,
            "nanoseconds before it connects again",
            nanoseconds(first),
            0,
            nanoseconds(PAUSE_MAX),
        );
        self.range(
            path,
            "the most nanoseconds before it connects again",
            nanoseconds(longest),
            nanoseconds(first),
            nanoseconds(PAUSE_MAX),
        );
    }

    fn needs_threads(&mut self, path: &str, what: &str) {
        if let Threads::None(_) | Threads::Stepped(_) = self.application.threads {
            let message = format!(
                "{what} needs a thread of its own, and the application has none: expected threads of \
                 the engine or the host, or a source and sink of the host's"
            );
            self.wrong(path, message);
        }
    }

    /// An address is written `host:port`; whether it can be used is found when it is.
    fn address(&mut self, path: &str, address: &str, least: u64) {
        let port = address
            .rsplit_once(':')
            .map(|(_, port)| port.parse::<u16>());
        match port {
            Some(Ok(port)) => self.range(path, "port", port.into(), least, u16::MAX.into()),
            _ => {
                let message = format!(
                    "the address is {address:?}: expected host:port, or :port for 127.0.0.1"
                );
                self.wrong(path, message);
            }
        }
    }
}
