//! What is promised of sources that listen and sinks that connect, through real sockets. Nothing here
//! sleeps: tests wait for what they wait for.

#[path = "common/hosts.rs"]
#[allow(dead_code)]
mod hosts;
#[path = "common/seeds.rs"]
mod seeds;
#[path = "common/slots.rs"]
#[allow(dead_code)]
mod slots;
#[path = "connect/world.rs"]
mod world;

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use fastrand::Rng;
use partita::connect::Refused;
use partita::engine::{Refusal, Wait};
use partita::host::{
    Decode, DecodeBatch, Encode, EncodeBatch, Frame, Host, Split, Values, Verdict,
};
use partita::model::{DeadReason, Value};
use partita::topology::{Application, Connect, Framing, Limits, Listen, SinkKind, Threads};
use slots::Slots;
use socket2::{Domain, SockRef, Socket, Type};
use world::*;

/// Makes a framing.
type Cut = fn(&Arc<Codec>) -> Framing;

const FRAMINGS: [Cut; 4] = [
    |_| Framing::Length,
    |_| Framing::Lines,
    |_| Framing::Fixed(8),
    |codec| Framing::Header(2, codec.clone()),
];

fn to(peer: &Peer) -> Plan {
    Plan {
        connect: peer.address(),
        ..Plan::default()
    }
}

fn lines(numbers: impl IntoIterator<Item = u64>) -> Vec<u8> {
    let lines = numbers.into_iter().map(|number| format!("{number}\n"));
    lines.collect::<String>().into_bytes()
}

// ---- frames ----

#[test]
fn frames_in_any_framing_and_any_pieces_come_through_once_and_in_order_of_each_key() {
    for seed in seeds::all(8) {
        println!("PARTITA_SEED={seed}");
        let mut random = Rng::with_seed(seed);
        for framing in FRAMINGS {
            let peer = Peer::new();
            let world = World::start(&Plan {
                framing,
                credits: random.u64(1..200),
                workers: random.u32(1..=4),
                capacity: random.u64(1..100),
                buffered: random.usize(1..10_000),
                limits: Limits {
                    frame: 8,
                    buffered: random.usize(1..100_000),
                    ..Limits::default()
                },
                ..to(&peer)
            });
            let mut reader = peer.accept();
            let (clients, each) = (random.u64(1..=4), random.u64(0..2_000));
            let kind = framing(&world.codec);
            thread::scope(|scope| {
                for client in 0..clients {
                    let mut random = random.fork();
                    let (world, kind) = (&world, kind.clone());
                    scope.spawn(move || {
                        let numbers = (0..each).map(|index| client * 1_000_000 + index);
                        let bytes: Vec<u8> = numbers
                            .flat_map(|number| framed(&kind, &number.to_string()))
                            .collect();
                        write_in_pieces(&mut world.client(), &bytes, &mut random);
                    });
                }
                let count = (clients * each) as usize;
                assert_in_order(&numbers(&mut reader, count), clients, each);
            });
            assert_eq!(world.drain_and_close().delivered, clients * each);
            assert!(rest(&mut reader).is_empty());
        }
    }
}

#[test]
fn what_is_filtered_or_cannot_be_decoded_is_counted_and_its_connection_goes_on() {
    let peer = Peer::new();
    let world = World::start(&to(&peer));
    let mut reader = peer.accept();
    let mut client = world.client();
    let text = "1\nskip\n2\nnonsense\n\npanic\n3\n\u{e9}\nskip\n4\n";
    client.write_all(text.as_bytes()).expect("it reads");
    let mut came = numbers(&mut reader, 4);
    came.sort_unstable();
    assert_eq!(came, [1, 2, 3, 4]);
    world.until("frames are dead", |world| world.dead().len() == 4);
    let dead = world.dead();
    let frames = dead.iter().map(|letter| letter.frame.as_deref());
    let frames: Vec<Option<&[u8]>> = frames.collect();
    let expected = ["nonsense", "", "panic", "\u{e9}"];
    assert_eq!(frames, expected.map(|text| Some(text.as_bytes())));
    assert!(
        dead.iter()
            .all(|letter| letter.reason == DeadReason::Decode)
    );
    assert_eq!(&*dead[0].text, "\"nonsense\" is no number");
    assert_eq!(&*dead[2].text, "panic: it was told to");
    assert!(dead[0].path.ends_with("pipeline \"p\" / source"));
    let counted = world.source();
    assert_eq!((counted.frames, counted.filtered), (10, 2));
    world.drain_and_close();
}

#[test]
fn a_frame_over_the_limit_ends_its_connection_behind_the_frames_before_it() {
    let cases: [(Cut, &[u8], &str); 4] = [
        (
            FRAMINGS[0],
            b"\0\0\0\x017\0\0\0\x09123456789",
            "a frame of 9 bytes: expected at most 8",
        ),
        (
            FRAMINGS[0],
            b"\0\0\0\x017\xff\xff\xff\xff",
            "a frame of 4294967295 bytes",
        ),
        (FRAMINGS[1], b"7\n1234567890", "a line of more than 8 bytes"),
        (
            FRAMINGS[3],
            b"01709123456789",
            "a frame of 9 bytes: expected at most 8",
        ),
    ];
    for (framing, bytes, why) in cases {
        let peer = Peer::new();
        let world = World::start(&Plan {
            framing,
            limits: Limits {
                frame: 8,
                ..Limits::default()
            },
            ..to(&peer)
        });
        let mut reader = peer.accept();
        let (mut other, mut client) = (world.client(), world.client());
        client.write_all(bytes).expect("it reads");
        assert_eq!(numbers(&mut reader, 1), [7]);
        assert!(rest(&mut client).is_empty());
        world.until("it is logged", |world| world.logged(why));
        assert!(world.logged(&client.local_addr().expect("it has one").to_string()));
        assert_eq!(world.source().cut, 1);
        // The others go on.
        let frame = framed(&framing(&world.codec), "8");
        other.write_all(&frame).expect("it reads");
        assert_eq!(numbers(&mut reader, 1), [8]);
        world.drain_and_close();
    }
}

#[test]
fn a_header_that_makes_no_sense_ends_its_connection() {
    let peer = Peer::new();
    let world = World::start(&Plan {
        framing: FRAMINGS[3],
        ..to(&peer)
    });
    let mut reader = peer.accept();
    let mut client = world.client();
    client.write_all(b"017xx9").expect("it reads");
    assert_eq!(numbers(&mut reader, 1), [7]);
    assert!(rest(&mut client).is_empty());
    world.until("it is logged", |world| world.logged("\"xx\" is no length"));
    world.drain_and_close();
}

#[test]
fn an_empty_frame_is_a_frame() {
    let peer = Peer::new();
    let world = World::start(&Plan {
        framing: FRAMINGS[0],
        ..to(&peer)
    });
    let mut client = world.client();
    client.write_all(&[0; 8]).expect("it reads");
    world.until("frames are dead", |world| world.dead().len() == 2);
    world.drain_and_close();
}

#[test]
fn a_connection_that_ends_inside_a_frame_costs_that_frame_only() {
    let peer = Peer::new();
    let world = World::start(&to(&peer));
    let mut reader = peer.accept();
    let mut client = world.client();
    client.write_all(b"1\n2\n345").expect("it reads");
    client.shutdown(Shutdown::Write).expect("it can");
    let mut came = numbers(&mut reader, 2);
    came.sort_unstable();
    assert_eq!(came, [1, 2]);
    assert!(rest(&mut client).is_empty());
    world.until("it is logged", |world| {
        world.logged("ended inside a frame: 3 bytes")
    });
    assert_eq!(world.source().dropped, 3);
    world.drain_and_close();
}

#[test]
fn random_bytes_harm_nobody() {
    for seed in seeds::all(20) {
        println!("PARTITA_SEED={seed}");
        let mut random = Rng::with_seed(seed);
        for framing in FRAMINGS {
            let peer = Peer::new();
            let world = World::start(&Plan {
                framing,
                limits: Limits {
                    frame: 100,
                    ..Limits::default()
                },
                ..to(&peer)
            });
            for _ in 0..4 {
                let mut client = world.client();
                let bytes: Vec<u8> = (0..random.usize(0..5_000)).map(|_| random.u8(..)).collect();
                // It may be closed before all is written.
                let _ = client.write_all(&bytes);
                let _ = client.shutdown(Shutdown::Write);
                rest(&mut client);
            }
            world.drain_and_close();
        }
    }
}

/// Tells nothing of any header.
struct Mute(Arc<Slots>);

impl Host for Mute {
    fn release(&self) {
        self.0.let_host_go();
    }
}

impl Split for Mute {
    fn split(&self, _: &[u8], _: usize, _: usize, _: usize, _: &mut Vec<Frame>) -> Verdict {
        Verdict::Done
    }
}

/// The sockets' thread looked at those bytes again and again, and never slept.
#[test]
fn a_host_that_tells_nothing_of_headers_loses_the_connection() {
    let peer = Peer::new();
    let world = World::start(&Plan {
        framing: |codec| Framing::Header(2, Arc::new(Mute(codec.messages.clone()))),
        limits: Limits {
            frame: 100,
            buffered: 1,
            ..Limits::default()
        },
        ..to(&peer)
    });
    let mut client = world.client();
    client.write_all(&[b'1'; 102]).expect("it reads");
    ends(&mut client);
    world.until("it is logged", |world| {
        world.logged("no frame in 102 bytes: expected one")
    });
    assert_eq!(world.source().cut, 1);
    world.close();
}

// ---- clients ----

#[test]
fn a_thousand_clients_at_once_are_served_while_slow_ones_hold_partial_frames() {
    // Both ends of each are in this process.
    let files = rlimit::increase_nofile_limit(3_000).expect("it can be read");
    assert!(
        files >= 3_000,
        "the hard limit of open files is {files}: expected 3,000"
    );
    let peer = Peer::new();
    let world = World::start(&to(&peer));
    let mut reader = peer.accept();
    let slow: Vec<TcpStream> = (0..500)
        .map(|_| {
            let mut client = world.client();
            client.write_all(b"99").expect("it reads");
            client
        })
        .collect();
    let fast: Vec<TcpStream> = (0..500).map(|_| world.client()).collect();
    world.until("all are there", |world| world.source().connections == 1_000);
    thread::scope(|scope| {
        for (client, mut stream) in (0..).zip(&fast) {
            let bytes = lines((0..20).map(|index| client * 1_000_000 + index));
            scope.spawn(move || stream.write_all(&bytes).expect("it reads"));
        }
        assert_in_order(&numbers(&mut reader, 10_000), 500, 20);
    });
    for mut client in slow {
        client.write_all(b"9\n").expect("it reads");
    }
    assert_eq!(numbers(&mut reader, 500), [999; 500]);
    drop(fast);
    world.until("all are gone", |world| world.source().connections == 0);
    assert_eq!(world.source().connected, 1_000);
    world.drain_and_close();
}

/// Whether a test is in a process of its own: there other tests do not need their files. If not, it is
/// run in one.
fn is_alone(name: &str) -> bool {
    const ALONE: &str = "PARTITA_TEST_ALONE";
    if std::env::var_os(ALONE).is_some() {
        return true;
    }
    let test = std::env::current_exe().expect("it is known");
    let mut alone = std::process::Command::new(test);
    let output = alone.args(["--exact", name]).env(ALONE, "1").output();
    let output = output.expect("it runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("1 passed"), "{text}");
    false
}

#[test]
fn clients_wait_while_too_many_files_are_open() {
    if !is_alone("clients_wait_while_too_many_files_are_open") {
        return;
    }
    let peer = Peer::new();
    let world = World::start(&to(&peer));
    let mut reader = peer.accept();
    let client = Socket::new(Domain::IPV4, Type::STREAM, None).expect("there are files");
    let (_, hard) = rlimit::Resource::NOFILE.get().expect("it can be read");
    rlimit::Resource::NOFILE.set(64, hard).expect("it is less");
    let open = || std::fs::File::open("/dev/null");
    let files: Vec<_> = std::iter::from_fn(|| open().ok()).collect();
    assert!(files.len() < 64);
    client.connect(&world.address.into()).expect("it listens");
    let mut client = TcpStream::from(client);
    client.write_all(b"1\n").expect("the system takes it");
    world.until("it is logged", |world| {
        world.logged("cannot accept a connection: ") && world.logged("; trying again")
    });
    assert_eq!(world.source().connected, 0);
    drop(files);
    assert_eq!(numbers(&mut reader, 1), [1]);
    world.drain_and_close();
}

#[test]
fn one_client_too_many_is_closed_and_the_others_stay() {
    let peer = Peer::new();
    let world = World::start(&Plan {
        limits: Limits {
            connections: 2,
            ..Limits::default()
        },
        ..to(&peer)
    });
    let mut reader = peer.accept();
    let (first, mut second) = (world.client(), world.client());
    world.until("two are there", |world| world.source().connections == 2);
    assert!(rest(&mut world.client()).is_empty());
    world.until("it is logged", |world| world.logged("there are 2 already"));
    second.write_all(b"5\n").expect("it reads");
    assert_eq!(numbers(&mut reader, 1), [5]);
    drop(first);
    world.until("one is gone", |world| world.source().connections == 1);
    let mut third = world.client();
    third.write_all(b"6\n").expect("it reads");
    assert_eq!(numbers(&mut reader, 1), [6]);
    assert_eq!(world.source().cut, 1);
    world.drain_and_close();
}

#[test]
fn an_idle_client_is_closed_and_one_that_waits_for_credits_is_not() {
    let peer = Peer::new();
    let world = World::start(&Plan {
        credits: 1,
        capacity: 1,
        buffered: 1,
        limits: Limits {
            idle: Some(Duration::from_millis(100)),
            ..Limits::default()
        },
        ..to(&peer)
    });
    let mut idle = world.client();
    // Nobody reads what comes of this: far more than the system buffers.
    let mut waiting = world.client();
    let mut bytes = lines([LONG; 40]);
    bytes.extend_from_slice(b"8\n");
    waiting.write_all(&bytes).expect("the system takes it");
    assert!(rest(&mut idle).is_empty());
    world.until("it is logged", |world| {
        world.logged("it sent nothing for 100ms")
    });
    assert_eq!(world.source().connections, 1);
    let mut reader = peer.accept();
    let came = numbers(&mut reader, 41);
    assert_eq!((came[0], came[40]), (LONG, 8));
    world.drain_and_close();
}

#[test]
fn a_client_that_waits_to_be_told_is_not_idle() {
    let peer = Peer::new();
    let world = World::start(&Plan {
        ack_request: Some(b"tell me".as_slice().into()),
        capacity: 1,
        buffered: 1,
        limits: Limits {
            idle: Some(Duration::from_millis(50)),
            ..Limits::default()
        },
        ..to(&peer)
    });
    let mut asking = world.client();
    asking.write_all(b"tell me\n").expect("it reads");
    asking.write_all(&lines([LONG; 40])).expect("it reads");
    world.until("all are taken", |world| world.source().frames == 40);
    for _ in 0..3 {
        ends(&mut world.client());
    }
    assert_eq!(world.source().connections, 1);
    numbers(&mut peer.accept(), 40);
    assert_eq!(told_up_to(&mut asking, 40), 40);
    // Now it is.
    ends(&mut asking);
    world.drain_and_close();
}

/// As long as a source with more patience had a client, the look for idle ones was as far away as that
/// source's clients allowed.
#[test]
fn each_source_has_its_own_patience() {
    let peer = Peer::new();
    let (codec, states) = (codec(), Slots::new(100));
    let plan = |idle| Plan {
        limits: Limits {
            idle: Some(idle),
            ..Limits::default()
        },
        ..to(&peer)
    };
    let mut patient = declared(&plan(Duration::from_secs(3_600)), &codec, &states);
    let hasty = declared(&plan(Duration::from_millis(20)), &codec, &states);
    let mut hasty = hasty.pipelines.into_iter().next().expect("there is one");
    hasty.name = "hasty".into();
    patient.pipelines.push(hasty);
    let world = World::of(patient, codec);
    let patient = world.client();
    world.until("it is there", |world| world.source().connections == 1);
    ends(&mut world.client_of(1));
    assert_eq!(world.source().connections, 1);
    drop(patient);
    assert_eq!(world.engine.close(&Wait::at_most(PATIENCE)), Ok(()));
}

#[test]
fn a_client_that_resets_its_connection_harms_nobody() {
    let peer = Peer::new();
    let world = World::start(&to(&peer));
    let mut reader = peer.accept();
    for _ in 0..50 {
        let mut client = world.client();
        client.write_all(b"1\n23").expect("it reads");
        reset(client);
    }
    world.until("all are gone", |world| {
        // Some may be gone before they are accepted.
        let counted = world.source();
        counted.connected > 0 && counted.connections == 0
    });
    let mut client = world.client();
    client.write_all(b"42\n").expect("it reads");
    // A reset may overtake what was sent before it.
    while numbers(&mut reader, 1) != [42] {}
    world.drain_and_close();
}

/// Closes a connection at once, and lets the other side know by a reset.
fn reset(stream: TcpStream) {
    let linger = Some(Duration::ZERO);
    SockRef::from(&stream).set_linger(linger).expect("it can");
}

#[test]
fn clients_are_not_read_while_there_are_no_credits() {
    let peer = Peer::new();
    let world = World::start(&Plan {
        credits: 10,
        capacity: 1,
        buffered: 1,
        limits: Limits {
            frame: 100,
            buffered: 1_000,
            ..Limits::default()
        },
        ..to(&peer)
    });
    let mut client = world.client();
    let writer = thread::spawn(move || {
        // It ends when the connection is closed.
        let _ = client.write_all(&lines(std::iter::repeat_n(LONG, 1_000_000)));
    });
    world.until("credits are used up", |world| {
        world.engine.metrics().in_flight >= 10
    });
    let counted = world.source();
    assert!(
        counted.bytes <= 14 * counted.frames + 1_000 + 102,
        "{counted:?}"
    );
    world.close();
    writer.join().expect("it ends");
}

#[test]
fn a_client_that_asks_is_told_how_many_of_its_frames_are_done() {
    let peer = Peer::new();
    let world = World::start(&Plan {
        ack_request: Some(b"tell me".as_slice().into()),
        ..to(&peer)
    });
    let mut reader = peer.accept();
    let mut silent = world.client();
    let mut client = world.client();
    client
        .write_all(b"tell me\n1\nskip\nbad\n2\n")
        .expect("it reads");
    assert_eq!(told_up_to(&mut client, 4), 4);
    client.write_all(b"tell me\n3\n").expect("it reads");
    assert_eq!(told_up_to(&mut client, 6), 6);
    silent.write_all(b"4\n").expect("it reads");
    let mut came = numbers(&mut reader, 4);
    came.sort_unstable();
    assert_eq!(came, [1, 2, 3, 4]);
    // What was sent last is told before the connection ends.
    client.write_all(&lines(0..1_000)).expect("it reads");
    client.shutdown(Shutdown::Write).expect("it can");
    assert_eq!(told_up_to(&mut client, 1_006), 1_006);
    assert!(rest(&mut client).is_empty());
    silent.shutdown(Shutdown::Write).expect("it can");
    assert!(rest(&mut silent).is_empty());
    numbers(&mut reader, 1_000);
    world.drain_and_close();
}

/// Reads counts until there is one of at least so many: they ascend.
fn told_up_to(client: &mut TcpStream, count: u64) -> u64 {
    let mut last = 0;
    while last < count {
        let mut told = [0; 8];
        client.read_exact(&mut told).expect("it is told");
        let told = u64::from_be_bytes(told);
        assert!(told > last, "{told} behind {last}");
        last = told;
    }
    last
}

/// What was told last depended on who was faster, the client or who closes.
#[test]
fn a_client_that_asks_is_told_of_all_before_its_connection_is_closed() {
    for _ in 0..50 {
        let peer = Peer::new();
        let world = World::start(&Plan {
            ack_request: Some(b"tell me".as_slice().into()),
            ..to(&peer)
        });
        let mut reader = peer.accept();
        let mut client = world.client();
        client.write_all(b"tell me\n").expect("it reads");
        client.write_all(&lines(0..100)).expect("it reads");
        numbers(&mut reader, 100);
        world.drain_and_close();
        assert_eq!(told_up_to(&mut client, 100), 100);
        assert!(rest(&mut client).is_empty());
    }
}

#[test]
fn a_client_that_asks_is_let_go_of_once_intake_has_ended_and_it_was_told_of_all() {
    let peer = Peer::new();
    let world = World::start(&Plan {
        ack_request: Some(b"tell me".as_slice().into()),
        capacity: 1,
        buffered: 1,
        ..to(&peer)
    });
    let mut client = world.client();
    client.write_all(b"tell me\n").expect("it reads");
    client.write_all(&lines([LONG; 40])).expect("it reads");
    world.until("all are taken", |world| world.source().frames == 40);
    assert_eq!(world.engine.stop(), Ok(()));
    let mut reader = peer.accept();
    numbers(&mut reader, 40);
    assert_eq!(told_up_to(&mut client, 40), 40);
    ends(&mut client);
    world.close();
}

#[test]
fn a_client_is_not_told_of_what_is_thrown_away() {
    let peer = Peer::new();
    let world = World::start(&Plan {
        ack_request: Some(b"tell me".as_slice().into()),
        capacity: 1,
        buffered: 1,
        flush: Duration::from_millis(1),
        ..to(&peer)
    });
    let mut client = world.client();
    client.write_all(b"tell me\n").expect("it reads");
    client.write_all(&lines([LONG; 40])).expect("it reads");
    world.until("all are taken", |world| world.source().frames == 40);
    let delivered = world.close().delivered;
    assert!(delivered < 40);
    let told = rest(&mut client);
    let last = told.chunks(8).next_back().map_or(0, |told| {
        u64::from_be_bytes(told.try_into().expect("counts are whole"))
    });
    assert!(last <= delivered, "{last} were told, {delivered} delivered");
}

// ---- turns ----

/// Each time that a few credits came back, the client that was served last was served first: the others
/// got nothing until it had sent all.
#[test]
fn clients_that_wait_for_credits_get_them_in_turn() {
    let peer = Peer::new();
    let world = World::start(&Plan {
        credits: 64,
        capacity: 1,
        buffered: 1,
        ..to(&peer)
    });
    let clients: Vec<TcpStream> = (0..4).map(|_| world.client()).collect();
    let writers: Vec<_> = (0..)
        .zip(clients)
        .map(|(client, mut stream)| {
            let bytes = lines((0..200_000).map(|index| client * 1_000_000 + index));
            // It ends when the connection is closed.
            thread::spawn(move || drop(stream.write_all(&bytes)))
        })
        .collect();
    let mut reader = peer.accept();
    let mut came = [0; 4];
    // Whoever is there first has all.
    while came.contains(&0) {
        came[numbers(&mut reader, 1)[0] as usize / 1_000_000] += 1;
    }
    let mut came = [0; 4];
    for number in numbers(&mut reader, 40_000) {
        came[number as usize / 1_000_000] += 1;
    }
    assert!(came.iter().all(|&count| count > 5_000), "{came:?}");
    world.close();
    writers
        .into_iter()
        .for_each(|writer| writer.join().expect("it ends"));
}

/// The time of the next look for idle clients stayed where it was once nobody looked any more, and the
/// sockets' thread did not sleep until the application was closed.
#[test]
#[cfg(target_os = "linux")]
fn a_stopped_application_that_waits_for_its_peer_sleeps() {
    let peer = Peer::new();
    let world = World::start(&Plan {
        capacity: 1,
        limits: Limits {
            idle: Some(Duration::from_millis(10)),
            ..Limits::default()
        },
        ..to(&peer)
    });
    // Nobody reads what comes of this: far more than the system buffers.
    let mut client = world.client();
    client
        .write_all(&lines([LONG; 40]))
        .expect("the system takes it");
    world.until("all are taken", |world| world.source().frames == 40);
    assert_eq!(world.engine.stop(), Ok(()));
    rest(&mut client);
    let before = world.codec.sockets_thread_ticks();
    let wait = Wait::at_most(Duration::from_millis(700));
    assert_eq!(world.engine.wait(&wait), Err(Refusal::Timeout));
    let ticks = world.codec.sockets_thread_ticks() - before;
    assert!(ticks < 10, "{ticks} hundredths of a second in 700 ms");
    world.close();
}

// ---- peers ----

#[test]
fn messages_of_all_lengths_are_written_whole() {
    let peer = Peer::new();
    let world = World::start(&to(&peer));
    let mut reader = peer.accept();
    let mut client = world.client();
    let sent = [10, LONG, 20, LONG, LONG, 30];
    client.write_all(&lines(sent)).expect("it reads");
    let mut expected: Vec<u8> = sent.into_iter().flat_map(line).collect();
    let mut came = vec![0; expected.len()];
    reader.read_exact(&mut came).expect("it is written");
    let sorted = |bytes: &mut Vec<u8>| {
        let mut lines: Vec<Vec<u8>> = bytes.split(|&byte| byte == b'\n').map(Into::into).collect();
        lines.sort();
        lines
    };
    assert!(sorted(&mut came) == sorted(&mut expected));
    assert_eq!(world.drain_and_close().delivered, 6);
}

#[test]
fn what_cannot_be_encoded_is_dead_and_the_others_go_on() {
    let peer = Peer::new();
    let world = World::start(&to(&peer));
    let mut reader = peer.accept();
    let mut client = world.client();
    client
        .write_all(&lines([6, UNSPEAKABLE, 16, UNSPEAKABLE, 26]))
        .expect("it reads");
    assert_eq!(numbers(&mut reader, 3), [6, 16, 26]);
    world.until("two are dead", |world| world.dead().len() == 2);
    assert!(world.dead().iter().all(|letter| {
        letter.reason == DeadReason::Sink && &*letter.text == "it is unspeakable"
    }));
    world.drain_and_close();
}

#[test]
fn a_sink_waits_for_its_peer_and_loses_nothing_meanwhile() {
    // A port that is taken, and that nobody listens on for the moment.
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("there is one");
    let loopback: SocketAddr = "127.0.0.1:0".parse().expect("it is one");
    socket.bind(&loopback.into()).expect("there is a port");
    let address = socket
        .local_addr()
        .ok()
        .and_then(|address| address.as_socket());
    let world = World::start(&Plan {
        connect: address.expect("it is bound").to_string(),
        ..Plan::default()
    });
    let mut client = world.client();
    client.write_all(&lines(0..1_000)).expect("it reads");
    world.until("it tries", |world| world.logged("cannot connect to"));
    socket.listen(1).expect("it is bound");
    let listener = socket.into();
    let mut reader = Peer { listener }.accept();
    assert_in_order(&numbers(&mut reader, 1_000), 1, 1_000);
    world.drain_and_close();
}

#[test]
fn a_peer_that_comes_back_gets_whole_messages_and_all_that_was_not_written() {
    let peer = Peer::new();
    let world = World::start(&to(&peer));
    let mut client = world.client();
    let mut seen = Vec::new();
    for round in 0..20 {
        let mut reader = peer.accept();
        client
            .write_all(&lines((0..10).map(|index| round * 10 + index)))
            .expect("it reads");
        seen.extend(numbers(&mut reader, 5));
        // The rest may be on the way, and lost with the connection.
        drop(reader);
        world.until("it notices", |world| world.sink().connected > round + 1);
    }
    let mut reader = peer.accept();
    client.write_all(&lines([1_000_000])).expect("it reads");
    // Each line is whole; none comes twice.
    loop {
        let [number] = numbers(&mut reader, 1)[..] else {
            unreachable!("one was asked for")
        };
        if number == 1_000_000 {
            break;
        }
        seen.push(number);
    }
    let all = seen.len();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), all);
    assert!(world.logged("lost the connection to"));
    assert_eq!(world.drain_and_close().delivered, 201);
}

#[test]
fn a_peer_that_never_reads_holds_up_its_pipeline_and_close_ends() {
    let peer = Peer::new();
    let world = World::start(&Plan {
        credits: 50,
        flush: Duration::from_millis(50),
        ..to(&peer)
    });
    let _never_read = peer.accept();
    let mut client = world.client();
    let writer = thread::spawn(move || {
        // It ends when the connection is closed.
        let _ = client.write_all(&lines(std::iter::repeat_n(LONG, 100_000)));
    });
    world.until("credits are used up", |world| {
        world.engine.metrics().in_flight >= 50
    });
    assert_eq!(
        world.engine.drain(&Wait::at_most(Duration::from_millis(1))),
        Err(Refusal::Timeout)
    );
    let metrics = world.close();
    assert!(metrics.dead[DeadReason::Closed as usize] >= 40);
    writer.join().expect("it ends");
}

#[test]
fn what_is_encoded_is_written_before_an_application_is_closed() {
    for _ in 0..20 {
        let peer = Peer::new();
        let world = World::start(&to(&peer));
        let mut reader = peer.accept();
        let mut client = world.client();
        client.write_all(&lines(0..500)).expect("it reads");
        assert_eq!(numbers(&mut reader, 1).len(), 1);
        let metrics = world.close();
        let written = rest(&mut reader);
        assert!(written.ends_with(b"\n"));
        let count = written.iter().filter(|&&byte| byte == b'\n').count() as u64;
        assert_eq!(count + 1, metrics.delivered);
    }
}

#[test]
fn a_peer_that_talks_all_the_time_holds_nobody_up() {
    let peer = Peer::new();
    let world = World::start(&to(&peer));
    let mut reader = peer.accept();
    let mut mouth = reader.get_ref().try_clone().expect("it can");
    // It ends when the connection is closed.
    let talker = thread::spawn(move || while mouth.write_all(&[b'.'; 1 << 18]).is_ok() {});
    let mut client = world.client();
    client.write_all(&lines(0..1_000)).expect("it reads");
    assert_in_order(&numbers(&mut reader, 1_000), 1, 1_000);
    world.drain_and_close();
    talker.join().expect("it ends");
}

/// With bytes of the peer's unread, closing reset the connection.
#[test]
fn a_peer_that_has_said_something_gets_all_that_was_written() {
    let peer = Peer::new();
    let world = World::start(&to(&peer));
    let mut reader = peer.accept();
    let mut client = world.client();
    client.write_all(b"1\n").expect("it reads");
    assert_eq!(numbers(&mut reader, 1), [1]);
    client.write_all(b"hold\n").expect("it reads");
    world.codec.gate.wait();
    reader.get_mut().write_all(b"thanks").expect("it is there");
    assert_eq!(
        world.engine.close(&Wait::at_most(Duration::ZERO)),
        Err(Refusal::WouldBlock)
    );
    world.codec.gate.wait();
    ends(&mut reader);
    world.close();
}

/// What its sinks had taken and not encoded was nobody's any more.
#[test]
#[cfg(target_os = "linux")]
#[allow(unsafe_code)] // Nothing safe breaks a poll.
fn an_application_that_cannot_wait_for_its_sockets_fails_and_can_be_closed() {
    if !is_alone("an_application_that_cannot_wait_for_its_sockets_fails_and_can_be_closed") {
        return;
    }
    let peer = Peer::new();
    let world = World::start(&Plan {
        buffered: 1,
        ..to(&peer)
    });
    let mut client = world.client();
    client.write_all(&lines([LONG; 40])).expect("it reads");
    world.until("all are taken", |world| world.source().frames == 40);
    let null = std::fs::File::open("/dev/null").expect("it is there");
    for entry in std::fs::read_dir("/proc/self/fd").expect("it is there") {
        let entry = entry.expect("it can be read").path();
        let is_poll = std::fs::read_link(&entry)
            .is_ok_and(|target| target.to_string_lossy().contains("[eventpoll]"));
        if is_poll {
            let number = entry.file_name().and_then(|name| name.to_str());
            let number = number.and_then(|name| name.parse().ok()).expect("a number");
            // SAFETY: a number is replaced that is open, by one that is.
            unsafe { libc::dup2(null.as_raw_fd(), number) };
        }
    }
    // It is woken, and waits again.
    let _ = world.client();
    let failed = world.engine.wait(&Wait::at_most(PATIENCE));
    assert_eq!(failed, Err(Refusal::Failed));
    let failure = world.engine.failure().expect("it failed");
    let text = format!("{failure:?}");
    assert!(text.contains("waiting for sockets failed"), "{text}");
    world.close();
}

// ---- contracts ----

/// Breaks its contract in one way or another.
struct Garbage(
    fn(&mut DecodeBatch<'_>) -> Verdict,
    fn(&mut EncodeBatch<'_>) -> Verdict,
);

impl Host for Garbage {}

impl Decode for Garbage {
    fn decode(&self, batch: &mut DecodeBatch<'_>) -> Verdict {
        (self.0)(batch)
    }
}

impl Encode for Garbage {
    fn encode(&self, batch: &mut EncodeBatch<'_>) -> Verdict {
        (self.1)(batch)
    }
}

fn decodes_well(batch: &mut DecodeBatch<'_>) -> Verdict {
    let values = batch.frames.iter().map(|_| Value(7));
    batch.values.extend(values);
    Verdict::Done
}

fn encodes_nothing(batch: &mut EncodeBatch<'_>) -> Verdict {
    batch
        .ends
        .extend(batch.values.iter().map(|_| batch.bytes.len()));
    Verdict::Done
}

#[test]
fn a_decoder_or_encoder_that_returns_garbage_fails_its_application_with_the_reason() {
    let cases: [(Garbage, &str); 7] = [
        (
            Garbage(|_| Verdict::Done, encodes_nothing),
            "no frame is done, and none failed",
        ),
        (
            Garbage(|_| Verdict::OutputsFull, encodes_nothing),
            "a decoder has no outputs",
        ),
        (
            Garbage(
                |batch| {
                    decodes_well(batch);
                    decodes_well(batch)
                },
                encodes_nothing,
            ),
            "it claims more frames done than it was given",
        ),
        (
            Garbage(
                |batch| {
                    decodes_well(batch);
                    Verdict::Failed("what?".into())
                },
                encodes_nothing,
            ),
            "it failed with all done",
        ),
        (
            Garbage(decodes_well, |_| Verdict::Done),
            "no message is done, and none failed",
        ),
        (
            Garbage(decodes_well, |batch| {
                batch.ends.extend([1_000_000; 1]);
                Verdict::Done
            }),
            "the bytes of its messages do not end one behind the other",
        ),
        (
            Garbage(decodes_well, |batch| {
                encodes_nothing(batch);
                encodes_nothing(batch)
            }),
            "it claims more messages done than it was given",
        ),
    ];
    for (garbage, why) in cases {
        let peer = Peer::new();
        let (codec, states, garbage) = (codec(), Slots::new(10), Arc::new(garbage));
        let mut declared = declared(&to(&peer), &codec, &states);
        let pipeline = &mut declared.pipelines[0];
        pipeline.steps.clear();
        let source = pipeline.source.as_mut().expect("there is one");
        let listen = source.listen.as_ref().expect("it listens");
        source.listen = Some(Arc::new(Listen {
            address: listen.address.clone(),
            framing: listen.framing.clone(),
            decode: garbage.clone(),
            limits: listen.limits,
            ack_request: None,
        }));
        source.values = Arc::new(Nobody);
        let SinkKind::Connect(connect) = &pipeline.sinks[0].kind else {
            unreachable!("it connects")
        };
        pipeline.sinks[0].kind = SinkKind::Connect(Arc::new(Connect {
            address: connect.address.clone(),
            encode: garbage,
            ..**connect
        }));
        let Ok(started) = partita::connect::start(declared) else {
            panic!("it starts")
        };
        started.engine.start_threads().expect("threads");
        let (address, _) = *started.sockets.sources[0].as_ref().expect("it listens");
        let mut client = TcpStream::connect(address).expect("it listens");
        client.write_all(b"1\n2\n3\n").expect("it reads");
        let failed = started.engine.wait(&Wait::at_most(PATIENCE));
        assert_eq!(failed, Err(Refusal::Failed), "{why}");
        let failure = started.engine.failure().expect("it failed");
        assert!(failure.message.contains(why), "{failure}");
        assert_eq!(started.engine.close(&Wait::at_most(PATIENCE)), Ok(()));
        assert_eq!(started.engine.metrics().values_held, 0);
    }
}

struct Nobody;

impl Host for Nobody {}

impl Values for Nobody {}

// ---- beginnings and ends ----

#[test]
fn an_address_that_cannot_be_used_is_told_and_the_declaration_can_be_mended() {
    let taken = Peer::new();
    let (codec, states) = (codec(), Slots::new(10));
    let plan = Plan {
        listen: taken.address(),
        connect: "no-such-host.invalid:1".into(),
        ..Plan::default()
    };
    let declared = declared(&plan, &codec, &states);
    let Refused::Unusable(declared, unusable) = refused(declared) else {
        panic!("it has no mistakes")
    };
    assert_eq!(unusable.len(), 2);
    assert_eq!(
        unusable[0].path,
        "application \"threads\" / pipeline \"p\" / source"
    );
    let expected = format!("cannot listen on {:?}: ", taken.address());
    assert!(unusable[0].message.starts_with(&expected), "{unusable:?}");
    assert!(unusable[0].message.contains("in use"), "{unusable:?}");
    assert_eq!(
        unusable[1].path,
        "application \"threads\" / pipeline \"p\" / sink \"out\""
    );
    assert!(
        unusable[1]
            .message
            .starts_with("cannot connect to \"no-such-host.invalid:1\": ")
    );
    // What was given back is as it was.
    let Refused::Unusable(declared, again) = refused(*declared) else {
        panic!("it has no mistakes")
    };
    assert_eq!(again, unusable);
    drop(declared);
}

#[test]
fn mistakes_of_sockets_are_told_all_at_once() {
    let (codec, states) = (codec(), Slots::new(10));
    let plan = Plan {
        framing: |_| Framing::Fixed(9),
        limits: Limits {
            frame: 8,
            connections: 0,
            buffered: 0,
            idle: Some(Duration::ZERO),
        },
        ack_request: Some(Box::default()),
        listen: "here".into(),
        connect: "there:99999".into(),
        capacity: 0,
        buffered: 0,
        ..Plan::default()
    };
    let declared = Application {
        threads: Threads::Stepped(1),
        ..declared(&plan, &codec, &states)
    };
    let Refused::Rejected(rejected) = refused(declared) else {
        panic!("it has mistakes")
    };
    let mistakes: Vec<&str> = rejected
        .mistakes
        .iter()
        .map(|mistake| &*mistake.message)
        .collect();
    let threads = "needs a thread of its own, and the application has none: expected threads of the \
                   engine or the host, or a source and sink of the host's";
    let expected = [
        &format!("a source that listens {threads}"),
        "the address is \"here\": expected host:port, or :port for 127.0.0.1",
        "connections: expected 1 to 1048576, got 0",
        "bytes buffered of a connection: expected 1 to 1073741824, got 0",
        "idle time: expected more than none",
        "bytes of each frame: expected 1 to 8, got 9",
        "bytes of the request for counts: expected 1 to 8, got 0",
        &format!("a sink that connects {threads}"),
        "the address is \"there:99999\": expected host:port, or :port for 127.0.0.1",
        "capacity: expected 1 to 4294967296, got 0",
        "bytes that wait to be written: expected 1 to 1073741824, got 0",
    ];
    assert_eq!(mistakes, expected);
}

#[test]
fn clients_are_closed_when_intake_ends_and_what_was_taken_comes_through() {
    let peer = Peer::new();
    let world = World::start(&to(&peer));
    let mut reader = peer.accept();
    let mut client = world.client();
    client.write_all(&lines(0..1_000)).expect("it reads");
    numbers(&mut reader, 1);
    assert_eq!(world.engine.stop(), Ok(()));
    rest(&mut client);
    assert_eq!(world.engine.wait(&Wait::at_most(PATIENCE)), Ok(()));
    assert!(TcpStream::connect(world.address).is_err());
    let taken = world.source().frames;
    let left = numbers(&mut reader, taken as usize - 1);
    assert_eq!(left.len() as u64 + 1, world.close().delivered);
}

#[test]
fn closing_at_any_moment_hands_everything_back() {
    for seed in seeds::all(60) {
        println!("PARTITA_SEED={seed}");
        let mut random = Rng::with_seed(seed);
        let peer = Peer::new();
        let world = World::start(&Plan {
            credits: random.u64(1..100),
            capacity: random.u64(1..100),
            workers: random.u32(1..=3),
            flush: Duration::from_millis(random.u64(0..5)),
            ack_request: Some(b"1".as_slice().into()),
            ..to(&peer)
        });
        let clients: Vec<_> = (0..random.u64(1..10))
            .map(|_| {
                let (mut client, mut random) = (world.client(), random.fork());
                thread::spawn(move || {
                    let bytes = lines((0..100_000).map(|_| random.u64(..) >> random.u32(..64)));
                    // It ends when the connection is closed.
                    let _ = client.write_all(&bytes);
                    rest(&mut client);
                })
            })
            .collect();
        let reads = random.usize(0..2_000);
        let listener = peer.listener.try_clone().expect("it can");
        if reads > 0 {
            let mut reader = Peer { listener }.accept();
            let _ = reader.get_ref().set_nonblocking(false);
            let mut some = vec![0; reads];
            reader.read_exact(&mut some).expect("more comes");
        }
        match random.u8(0..3) {
            0 => {}
            1 => assert_eq!(world.engine.stop(), Ok(())),
            _ => drop(
                world
                    .engine
                    .drain(&Wait::at_most(Duration::from_micros(100))),
            ),
        }
        world.close();
        clients
            .into_iter()
            .for_each(|client| client.join().expect("it ends"));
    }
}
