//! An application between sockets: what its clients send, and what its peers get. A message stands for a
//! number; its last digit is its key.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Barrier, Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use partita::connect::{Counted, Refused, Started};
use partita::engine::{Engine, Wait};
use partita::host::{
    DeadLetter, DeadLetters, Decode, DecodeBatch, Encode, EncodeBatch, Frame, Host, Log, Record,
    Split, Verdict,
};
use partita::metrics::Metrics;
use partita::model::{DeadReason, Policy, Retry, Value};
use partita::topology::{Application, Connect, Framing, Limits, Listen, Sink, SinkKind};

use crate::hosts::{application, each, partition, pipeline, step};
use crate::slots::Slots;

/// No test waits longer than this for what it waits for.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Turns frames into messages, messages into lines, and keeps what is told.
pub struct Codec {
    pub messages: Arc<Slots>,
    pub letters: Mutex<Vec<DeadLetter>>,
    pub records: Mutex<Vec<String>>,
    /// Where the frame "hold" waits, twice.
    pub gate: Barrier,
    /// Where the system tells of the thread that decodes.
    thread: OnceLock<PathBuf>,
}

impl Codec {
    /// How many hundredths of a second the thread of the sockets was busy.
    #[cfg(target_os = "linux")]
    pub fn sockets_thread_ticks(&self) -> u64 {
        let thread = self.thread.get().expect("it has decoded something");
        let stat = std::fs::read_to_string(thread.join("stat")).expect("it lives");
        // Behind the name, which ends with the last parenthesis.
        let (_, fields) = stat.rsplit_once(')').expect("there is a name");
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let ticks = fields[11..13].iter().map(|ticks| ticks.parse::<u64>());
        ticks.map(|ticks| ticks.expect("it is a number")).sum()
    }
}

impl Host for Codec {
    fn release(&self) {
        self.messages.let_host_go();
    }
}

impl Decode for Codec {
    fn decode(&self, batch: &mut DecodeBatch<'_>) -> Verdict {
        self.thread.get_or_init(|| {
            let thread = std::fs::read_link("/proc/thread-self").unwrap_or_default();
            Path::new("/proc").join(thread)
        });
        for (frame, filtered) in batch.frames.iter().zip(&mut *batch.filtered) {
            let text = &batch.bytes[frame.start..][..frame.len];
            let text = String::from_utf8_lossy(text).into_owned();
            match text.as_str() {
                "skip" => {
                    *filtered = 1;
                    batch.values.push(Value(0));
                }
                "hold" => {
                    self.gate.wait();
                    self.gate.wait();
                    *filtered = 1;
                    batch.values.push(Value(0));
                }
                "panic" => panic!("it was told to"),
                _ => match text.parse() {
                    Ok(number) => batch.values.push(self.messages.give(number)),
                    Err(_) => return Verdict::Failed(format!("{text:?} is no number")),
                },
            }
        }
        Verdict::Done
    }
}

/// What cannot be encoded.
pub const UNSPEAKABLE: u64 = 6_666_666_666_666;
/// What takes many bytes.
pub const LONG: u64 = 7_777_777_777_777;
pub const LONG_LEN: usize = 300_000;

/// The line of a number.
pub fn line(number: u64) -> Vec<u8> {
    let mut line = number.to_string().into_bytes();
    if number == LONG {
        line.resize(LONG_LEN, b'.');
    }
    line.push(b'\n');
    line
}

impl Encode for Codec {
    fn encode(&self, batch: &mut EncodeBatch<'_>) -> Verdict {
        for &value in batch.values {
            let number = self
                .messages
                .data(value)
                .load(std::sync::atomic::Ordering::SeqCst);
            if number == UNSPEAKABLE {
                return Verdict::Failed("it is unspeakable".into());
            }
            let line = line(number);
            if batch.bytes.capacity() - batch.bytes.len() < line.len() {
                *batch.needed = line.len();
                return Verdict::OutputsFull;
            }
            self.messages.take(value);
            batch.bytes.extend(line);
            batch.ends.push(batch.bytes.len());
        }
        Verdict::Done
    }
}

/// A header is two digits: how long the payload is.
impl Split for Codec {
    fn split(
        &self,
        bytes: &[u8],
        header: usize,
        longest: usize,
        most: usize,
        frames: &mut Vec<Frame>,
    ) -> Verdict {
        let mut at = 0;
        while frames.len() < most
            && let Some(head) = bytes.get(at..at + header)
        {
            let head = String::from_utf8_lossy(head).into_owned();
            let Ok(len) = head.parse::<usize>() else {
                return Verdict::Failed(format!("{head:?} is no length"));
            };
            let start = at + header;
            let end = start + len;
            frames.push(Frame { start, len, end });
            if len > longest || end > bytes.len() {
                break;
            }
            at = end;
        }
        Verdict::Done
    }
}

impl DeadLetters for Codec {
    fn handle(&self, letters: &[DeadLetter], done: &mut usize) -> Verdict {
        for letter in letters.iter().filter(|letter| letter.frame.is_none()) {
            self.messages.take(letter.value);
        }
        self.letters
            .lock()
            .expect("nobody panics")
            .extend_from_slice(letters);
        *done = letters.len();
        Verdict::Done
    }
}

impl Log for Codec {
    fn log(&self, record: &Record<'_>) {
        let text = format!("{}: {}", record.path, record.text);
        self.records.lock().expect("nobody panics").push(text);
    }
}

/// An application that sends on what it gets, and how it may be changed.
pub struct Plan {
    pub workers: u32,
    pub credits: u64,
    pub framing: crate::Cut,
    pub limits: Limits,
    pub ack_request: Option<Box<[u8]>>,
    pub listen: String,
    pub connect: String,
    pub capacity: u64,
    pub buffered: usize,
    pub flush: Duration,
}

impl Default for Plan {
    fn default() -> Plan {
        Plan {
            workers: 2,
            credits: 1_000,
            framing: |_| Framing::Lines,
            limits: Limits::default(),
            ack_request: None,
            listen: ":0".into(),
            connect: String::new(),
            capacity: 100,
            buffered: 10_000,
            flush: Duration::from_secs(5),
        }
    }
}

/// An application that runs.
pub struct World {
    pub codec: Arc<Codec>,
    pub engine: Arc<Engine>,
    pub address: SocketAddr,
    started: Started,
}

pub fn codec() -> Arc<Codec> {
    Arc::new(Codec {
        messages: Slots::new(4_000_000),
        letters: Mutex::default(),
        records: Mutex::default(),
        gate: Barrier::new(2),
        thread: OnceLock::new(),
    })
}

pub fn declared(plan: &Plan, codec: &Arc<Codec>, states: &Arc<Slots>) -> Application {
    let messages = &codec.messages;
    let lend = || {
        messages.lend_host();
        codec.clone()
    };
    let pass_on = step(
        "pass on",
        "digits",
        messages,
        |number| number % 10,
        each(messages, |number, _| Ok(Some(number))),
    );
    let sinks = vec![Sink {
        name: "out".into(),
        policy: Policy::Skip,
        retry: Retry::default(),
        kind: SinkKind::Connect(Arc::new(Connect {
            address: plan.connect.clone(),
            encode: lend(),
            capacity: plan.capacity,
            buffered: plan.buffered,
            pauses: (Duration::from_millis(1), Duration::from_millis(20)),
            flush: Some(plan.flush),
        })),
    }];
    let mut digits = pipeline("p", messages, plan.credits, vec![pass_on], sinks);
    let framing = (plan.framing)(codec);
    if let Framing::Header(..) = framing {
        messages.lend_host();
    }
    let source = digits.source.as_mut().expect("there is one");
    source.listen = Some(Arc::new(Listen {
        address: plan.listen.clone(),
        framing,
        decode: lend(),
        limits: plan.limits,
        ack_request: plan.ack_request.clone(),
    }));
    let partitions = vec![partition("digits", states, None)];
    let mut declared = application(plan.workers, 64, partitions, vec![digits]);
    declared.dead_letters = Some(lend());
    declared.log = Some(lend());
    declared
}

pub fn refused(declared: Application) -> Refused {
    match partita::connect::start(declared) {
        Ok(_) => panic!("it starts"),
        Err(refused) => refused,
    }
}

impl World {
    pub fn start(plan: &Plan) -> World {
        let (codec, states) = (codec(), Slots::new(10_000));
        World::of(declared(plan, &codec, &states), codec)
    }

    pub fn of(declared: Application, codec: Arc<Codec>) -> World {
        let started = partita::connect::start(declared).unwrap_or_else(|refused| match refused {
            Refused::Rejected(rejected) => panic!("{:?}", rejected.mistakes),
            Refused::Unusable(_, unusable) => panic!("{unusable:?}"),
        });
        let engine = started.engine.clone();
        engine.start_threads().expect("threads");
        let (address, _) = *started.sockets.sources[0].as_ref().expect("it listens");
        World {
            codec,
            engine,
            address,
            started,
        }
    }

    /// A client.
    pub fn client(&self) -> TcpStream {
        self.client_of(0)
    }

    /// A client of the source of a pipeline.
    pub fn client_of(&self, pipeline: usize) -> TcpStream {
        let source = &self.started.sockets.sources[pipeline];
        let (address, _) = source.as_ref().expect("it listens");
        let client = TcpStream::connect(address).expect("it listens");
        client.set_read_timeout(Some(PATIENCE)).expect("it can");
        client.set_nodelay(true).expect("it can");
        client
    }

    pub fn source(&self) -> Counted {
        let (_, traffic) = self.started.sockets.sources[0]
            .as_ref()
            .expect("it listens");
        traffic.read()
    }

    pub fn sink(&self) -> Counted {
        let traffic = self.started.sockets.sinks[0][0].as_ref();
        traffic.expect("it connects").read()
    }

    /// Waits until something is so: it is looked at again and again, a moment apart.
    #[track_caller]
    pub fn until(&self, what: &str, is_so: impl Fn(&World) -> bool) {
        let began = Instant::now();
        while !is_so(self) {
            assert!(
                began.elapsed() < PATIENCE,
                "{what}: {:?} {:?} {:?} {:?}",
                self.source(),
                self.sink(),
                self.engine.metrics(),
                self.codec.records.lock().expect("nobody panics"),
            );
            thread::yield_now();
        }
    }

    /// What was logged.
    pub fn logged(&self, text: &str) -> bool {
        let records = self.codec.records.lock().expect("nobody panics");
        records.iter().any(|record| record.contains(text))
    }

    pub fn dead(&self) -> Vec<DeadLetter> {
        self.codec.letters.lock().expect("nobody panics").clone()
    }

    /// Waits until all that was taken is through, stops, and closes.
    #[track_caller]
    pub fn drain_and_close(self) -> Metrics {
        assert_eq!(self.engine.drain(&Wait::at_most(PATIENCE)), Ok(()));
        self.close()
    }

    /// Closes, and looks whether everything was handed back and the counters add up.
    #[track_caller]
    pub fn close(self) -> Metrics {
        assert_eq!(self.engine.close(&Wait::at_most(PATIENCE)), Ok(()));
        let (metrics, source) = (self.engine.metrics(), self.source());
        assert_eq!(metrics.values_held, 0);
        assert_eq!((source.connections, self.sink().connections), (0, 0));
        let stage = &metrics.stages[0];
        let dead: u64 = stage.dead.iter().sum();
        assert_eq!(source.frames, stage.completed + source.filtered + dead);
        assert_eq!(stage.dead[DeadReason::Decode as usize], dead);
        self.codec.messages.assert_all_is_back();
        metrics
    }
}

/// A peer that a sink connects to.
pub struct Peer {
    pub listener: TcpListener,
}

impl Peer {
    pub fn new() -> Peer {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a port");
        Peer { listener }
    }

    pub fn address(&self) -> String {
        self.listener.local_addr().expect("it is bound").to_string()
    }

    /// Waits for the sink to connect.
    pub fn accept(&self) -> BufReader<TcpStream> {
        let (stream, _) = self.listener.accept().expect("it connects");
        stream.set_read_timeout(Some(PATIENCE)).expect("it can");
        BufReader::new(stream)
    }
}

/// Reads so many numbers.
#[track_caller]
pub fn numbers(reader: &mut impl BufRead, count: usize) -> Vec<u64> {
    let mut read = Vec::new();
    let mut text = String::new();
    while read.len() < count {
        text.clear();
        reader.read_line(&mut text).expect("more comes");
        let number = text.trim_end_matches(['\n', '.']);
        read.push(
            number.parse().unwrap_or_else(|_| {
                panic!("after {} of {count}: {text:?} is no number", read.len())
            }),
        );
    }
    read
}

/// Waits for the end: nothing comes before it, and it is no reset.
#[track_caller]
pub fn ends(reader: &mut impl Read) {
    let read = reader.read(&mut [0]);
    assert_eq!(read.expect("it ends"), 0);
}

/// Reads until the end.
pub fn rest(reader: &mut impl Read) -> Vec<u8> {
    let mut rest = Vec::new();
    // A reset is an end, too.
    let _ = reader.read_to_end(&mut rest);
    rest
}

/// Checks that the numbers of each key came once and in order, counted from 0 within each client: a number
/// is `client * 1_000_000 + index`.
#[track_caller]
pub fn assert_in_order(numbers: &[u64], clients: u64, each: u64) {
    let mut last = std::collections::HashMap::new();
    for &number in numbers {
        let key = (number / 1_000_000, number % 10);
        let before = last.insert(key, number);
        assert!(before < Some(number), "{number} comes behind {before:?}");
    }
    let mut sorted = numbers.to_vec();
    sorted.sort_unstable();
    let all =
        (0..clients).flat_map(|client| (0..each).map(move |index| client * 1_000_000 + index));
    assert_eq!(sorted, all.collect::<Vec<_>>());
}

/// The frame of a text.
pub fn framed(framing: &Framing, text: &str) -> Vec<u8> {
    match framing {
        Framing::Length => [&(text.len() as u32).to_be_bytes()[..], text.as_bytes()].concat(),
        Framing::Lines => format!("{text}\n").into_bytes(),
        Framing::Fixed(len) => format!("{text:0>len$}").into_bytes(),
        Framing::Header(..) => format!("{:02}{text}", text.len()).into_bytes(),
    }
}

/// Writes bytes in pieces of random lengths.
pub fn write_in_pieces(stream: &mut TcpStream, mut bytes: &[u8], random: &mut fastrand::Rng) {
    while !bytes.is_empty() {
        let most = 1 << random.u32(0..16);
        let (piece, rest) = bytes.split_at(random.usize(1..=most).min(bytes.len()));
        stream.write_all(piece).expect("it reads");
        bytes = rest;
    }
}
