//! What a source that listens costs without Go: frames of nine bytes from clients on this machine, decoded
//! to words, and one keyed step with an empty computation. Beside it stands a thread that only reads the
//! same bytes, cuts them into frames and throws them away. `cargo bench --bench source [clients] [workers]`.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Instant;

use partita::engine::Wait;
use partita::host::{
    Build, BuildBatch, Compute, Decode, DecodeBatch, Host, KeyBatch, Partition, Run, Values,
    Verdict,
};
use partita::model::{KeyKind, Policy, Retry, Value};
use partita::topology::{
    self, Application, Framing, Limits, Listen, Pipeline, Source, Step, Threads,
};

const MESSAGES: usize = 4_000_000;
const PAYLOAD: usize = 5;
const FRAME: usize = 4 + PAYLOAD;

struct Plain;

impl Host for Plain {}
impl Values for Plain {}
impl Decode for Plain {
    fn decode(&self, batch: &mut DecodeBatch<'_>) -> Verdict {
        let words = batch.frames.iter().map(|frame| {
            let payload = &batch.bytes[frame.start..][..frame.len];
            let word = payload
                .iter()
                .fold(0, |word, &byte| word << 8 | u64::from(byte));
            Value(word)
        });
        batch.values.extend(words);
        Verdict::Done
    }
}
impl Partition for Plain {
    fn keys(&self, batch: &mut KeyBatch<'_>) -> Verdict {
        let words = batch.values.iter().map(|value| value.0 % 26);
        batch.words.extend(words);
        Verdict::Done
    }
}
impl Compute for Plain {
    fn compute(&self, run: &mut Run<'_>) -> Verdict {
        for (index, state) in run.states.iter().enumerate() {
            run.flags[index] = u8::from(std::hint::black_box(state.0) != 0);
        }
        *run.done = run.values.len();
        Verdict::Done
    }
}
impl Build for Plain {
    fn build(&self, batch: &mut BuildBatch<'_>) -> Verdict {
        batch.states.resize(batch.len, Value(1));
        Verdict::Done
    }
}

fn application(workers: u32) -> Application {
    let plain = Arc::new(Plain);
    let mut pipeline = Pipeline::new("votes".into());
    pipeline.from_source(Source {
        credits: 16_384,
        values: plain.clone(),
        listen: Some(Arc::new(Listen {
            address: ":0".into(),
            framing: Framing::Length,
            decode: plain.clone(),
            limits: Limits::default(),
            ack_request: None,
        })),
    });
    pipeline.to_state_partition(Step {
        name: "count".into(),
        partition: "letters".into(),
        keys: Some(plain.clone()),
        key_kind: None,
        compute: plain.clone(),
        values: plain.clone(),
        policy: Policy::Stop,
        blocking: 0,
        retry: Retry::default(),
    });
    pipeline.done();
    Application {
        name: "bench".into(),
        workers,
        threads: Threads::Engine,
        key_groups: 4096,
        run_length: 1024,
        stack_size: 1 << 20,
        dead_letters: None,
        completions: None,
        log: None,
        sleep: None,
        partitions: vec![topology::Partition {
            name: "letters".into(),
            key_kind: KeyKind::Word,
            keys: None,
            build: plain,
            build_id: 1,
        }],
        pipelines: vec![pipeline],
    }
}

/// Has each client send its share of the frames, and tells how long a message took.
fn send(address: SocketAddr, bytes: &[u8], clients: usize, all_came: impl FnOnce()) -> f64 {
    let share = MESSAGES / clients * FRAME;
    std::thread::scope(|scope| {
        let streams: Vec<TcpStream> = (0..clients)
            .map(|_| TcpStream::connect(address).expect("it listens"))
            .collect();
        let started = Instant::now();
        for (stream, bytes) in streams.into_iter().zip(bytes.chunks(share)) {
            scope.spawn(move || (&stream).write_all(bytes).expect("it reads"));
        }
        all_came();
        started.elapsed().as_nanos() as f64 / (share / FRAME * clients) as f64
    })
}

fn source(bytes: &[u8], clients: usize, workers: u32) -> f64 {
    let started = partita::connect::start(application(workers));
    let Ok(started) = started else {
        panic!("it is refused")
    };
    let engine = started.engine;
    engine.start_threads().expect("threads");
    let (address, traffic) = started.sockets.sources[0].as_ref().expect("it listens");
    let took = send(*address, bytes, clients, || {
        let all = (MESSAGES / clients * clients) as u64;
        // The last client hangs up behind its last frame.
        while traffic.read().frames < all {
            std::thread::yield_now();
        }
        engine.drain(&Wait::forever()).expect("nothing fails");
    });
    engine.close(&Wait::forever()).expect("it is open");
    took
}

/// One client, one reader.
fn discarding(bytes: &[u8]) -> f64 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a port");
    let address = listener.local_addr().expect("it is bound");
    send(address, bytes, 1, || {
        let (mut stream, _) = listener.accept().expect("it connects");
        let mut room = vec![0; 256 << 10];
        let (mut had, mut sum) = (0, 0);
        loop {
            let came = stream.read(&mut room[had..]).expect("it sends");
            if came == 0 {
                break;
            }
            let (len, mut at) = (had + came, 0);
            while let Some((length, rest)) = room[at..len].split_first_chunk::<4>() {
                let length = u32::from_be_bytes(*length) as usize;
                if rest.len() < length {
                    break;
                }
                sum += usize::from(rest[0]);
                at += 4 + length;
            }
            room.copy_within(at..len, 0);
            had = len - at;
        }
        std::hint::black_box(sum);
    })
}

fn median(mut rounds: Vec<f64>) -> f64 {
    rounds.sort_by(f64::total_cmp);
    rounds[rounds.len() / 2]
}

fn main() {
    let arguments: Vec<usize> = std::env::args()
        .filter_map(|argument| argument.parse().ok())
        .collect();
    let workers = arguments.get(1).map_or(2, |&workers| workers as u32);
    let all = [1, 16, 256];
    let clients = arguments.first().map_or(&all[..], std::slice::from_ref);
    let mut bytes = Vec::with_capacity(MESSAGES * FRAME);
    for number in 0..MESSAGES as u32 {
        bytes.extend((PAYLOAD as u32).to_be_bytes());
        bytes.push(b'a');
        bytes.extend(number.to_be_bytes());
    }
    for &clients in clients {
        let (mut alone, mut rounds) = (Vec::new(), Vec::new());
        for _ in 0..7 {
            alone.push(discarding(&bytes));
            rounds.push(source(&bytes, clients, workers));
        }
        let (alone, took) = (median(alone), median(rounds));
        println!(
            "{clients:>4} clients: {took:6.1} ns/message, {:.2} of the {alone:.1} that reading takes",
            alone / took
        );
    }
}
