//! Sources that listen and sinks that connect, over TCP: what runs all sockets of an application, as a
//! service of its engine.
//!
//! [`start`] resolves and binds addresses before the declaration is frozen, so that it can be mended.

mod address;
mod connection;
mod frame;
mod left;
mod link;
mod reactor;
mod sink;
mod source;
mod traffic;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use mio::net::TcpListener;
use mio::{Interest, Poll};

use crate::engine::Engine;
use crate::topology::{Application, Mistake, Rejected, SinkKind, Unusable, application_path};
use link::Link;
use reactor::{Reactor, listener_token, sink_token};
use sink::SinkSide;
use source::Source;

pub use traffic::{Counted, Traffic};

/// An application that was started, and its sockets.
pub struct Started {
    /// What runs it.
    pub engine: Arc<Engine>,
    /// Its sockets.
    pub sockets: Sockets,
}

/// The sockets of an application.
#[derive(Debug, Default)]
pub struct Sockets {
    /// Of each pipeline: where its source listens, and what goes through there.
    pub sources: Vec<Option<(SocketAddr, Arc<Traffic>)>>,
    /// Of each sink of each pipeline that connects.
    pub sinks: Vec<Vec<Option<Arc<Traffic>>>>,
}

/// Why an application was not started. Its declaration is given back.
pub enum Refused {
    /// It has mistakes.
    Rejected(Box<Rejected>),
    /// These addresses cannot be used.
    Unusable(Box<Application>, Vec<Unusable>),
}

/// Checks a declaration, makes its sockets, freezes it, and makes it ready to run; as [`Engine::new`] does.
pub fn start(declared: Application) -> Result<Started, Refused> {
    let mistakes: Vec<Mistake> = declared.check();
    if !mistakes.is_empty() {
        return Err(Refused::Rejected(Box::new(Rejected { declared, mistakes })));
    }
    let mut unusable = Vec::new();
    let opened = Opening::of(&declared, &mut unusable);
    let (reactor, waker, sockets) = match opened {
        Some(opened) if unusable.is_empty() => opened,
        _ if !unusable.is_empty() => return Err(Refused::Unusable(Box::new(declared), unusable)),
        _ => {
            let engine = Engine::new(declared).map_err(Refused::Rejected)?;
            let sockets = Sockets::default();
            return Ok(Started { engine, sockets });
        }
    };
    let engine = Engine::with_service(declared, Box::new(reactor), waker);
    let engine = engine.map_err(Refused::Rejected)?;
    Ok(Started { engine, sockets })
}

/// What is opened of a declaration.
struct Opening<'a> {
    poll: Poll,
    unusable: &'a mut Vec<Unusable>,
    sources: Vec<Source>,
    sinks: Vec<SinkSide>,
    sockets: Sockets,
}

type Opened = (Reactor, std::task::Waker, Sockets);

impl Opening<'_> {
    /// Opens all sockets, if there are any, and tells which cannot be.
    fn of(declared: &Application, unusable: &mut Vec<Unusable>) -> Option<Opened> {
        let pipelines = declared.pipelines.iter();
        let listening = pipelines.clone().filter_map(|pipeline| {
            pipeline
                .source
                .as_ref()
                .and_then(|source| source.listen.as_ref())
        });
        let listening = listening.count();
        let connects = |kind: &SinkKind| matches!(kind, SinkKind::Connect(_));
        let mut sinks = pipelines.flat_map(|pipeline| &pipeline.sinks);
        if listening == 0 && !sinks.any(|sink| connects(&sink.kind)) {
            return None;
        }
        let (poll, nudge) = match Reactor::poll() {
            Ok(made) => made,
            Err(error) => {
                unusable.push(Unusable {
                    path: application_path(&declared.name),
                    message: format!("cannot wait for sockets: {error}"),
                });
                return None;
            }
        };
        let mut opening = Opening {
            poll,
            unusable,
            sources: Vec::new(),
            sinks: Vec::new(),
            sockets: Sockets::default(),
        };
        opening.open(declared, listening);
        let Opening {
            poll,
            sources,
            sinks,
            sockets,
            ..
        } = opening;
        let waker = nudge.clone().into();
        Some((Reactor::new((poll, nudge), sources, sinks), waker, sockets))
    }

    fn open(&mut self, declared: &Application, listening: usize) {
        let application = application_path(&declared.name);
        for (index, pipeline) in declared.pipelines.iter().enumerate() {
            let path = format!("{application} / pipeline \"{}\"", pipeline.name);
            let listen = pipeline
                .source
                .as_ref()
                .and_then(|source| source.listen.as_ref());
            let source = listen.and_then(|listen| self.listen(index, &path, listen));
            self.sockets.sources.push(source);
            let sinks = pipeline.sinks.iter().enumerate();
            let sinks = sinks.map(|(number, sink)| match &sink.kind {
                SinkKind::Connect(connect) => {
                    let path = format!("{path} / sink \"{}\"", sink.name);
                    self.connect((index, number), &path, connect, listening)
                }
                _ => None,
            });
            let sinks = sinks.collect();
            self.sockets.sinks.push(sinks);
        }
    }

    fn refuse<T>(&mut self, path: &str, message: String) -> Option<T> {
        let path = path.to_owned();
        self.unusable.push(Unusable { path, message });
        None
    }

    fn listen(
        &mut self,
        pipeline: usize,
        path: &str,
        listen: &Arc<crate::topology::Listen>,
    ) -> Option<(SocketAddr, Arc<Traffic>)> {
        let (path, address) = (format!("{path} / source"), &listen.address);
        let bound = address::resolve(address).and_then(|addresses| {
            let mut listener = address::first(&addresses, |&address| TcpListener::bind(address))?;
            let local = listener.local_addr()?;
            let token = listener_token(self.sources.len());
            let interest = Interest::READABLE;
            self.poll
                .registry()
                .register(&mut listener, token, interest)?;
            Ok((listener, local))
        });
        match bound {
            Err(error) => self.refuse(&path, format!("cannot listen on {address:?}: {error}")),
            Ok((listener, local)) => {
                let traffic = Arc::<Traffic>::default();
                let source = Source::new(pipeline, &path, listen, listener, traffic.clone());
                self.sources.push(source);
                Some((local, traffic))
            }
        }
    }

    fn connect(
        &mut self,
        (pipeline, number): (usize, usize),
        path: &str,
        connect: &Arc<crate::topology::Connect>,
        listening: usize,
    ) -> Option<Arc<Traffic>> {
        let address = &connect.address;
        match address::resolve(address) {
            Err(error) => self.refuse(path, format!("cannot connect to {address:?}: {error}")),
            Ok(addresses) => {
                let token = sink_token(listening, self.sinks.len());
                let link = Link::new(addresses, token, connect.pauses, Instant::now());
                let traffic = Arc::<Traffic>::default();
                let sink = SinkSide::new((pipeline, number), path, connect, link, traffic.clone());
                self.sinks.push(sink);
                Some(traffic)
            }
        }
    }
}
