use std::sync::Arc;

use super::*;
use crate::host::{
    Build, BuildBatch, ChainRun, Compute, Decode, DecodeBatch, Deliver, Encode, EncodeBatch, Host,
    KeyBatch, Partition, Run, Transform, Values, Verdict,
};
use crate::topology::{
    self, Computation, Connect, DeclaredKeys, Framing, Limits, Listen, Pipeline, Sink, Source,
    Step, Threads,
};

struct Nothing;

impl Host for Nothing {}
impl Values for Nothing {}
impl Partition for Nothing {
    fn keys(&self, _: &mut KeyBatch<'_>) -> Verdict {
        Verdict::Done
    }
}
impl Compute for Nothing {
    fn compute(&self, _: &mut Run<'_>) -> Verdict {
        Verdict::Done
    }
}
impl Transform for Nothing {
    fn transform(&self, _: &mut ChainRun<'_>) -> Verdict {
        Verdict::Done
    }
}
impl Build for Nothing {
    fn build(&self, _: &mut BuildBatch<'_>) -> Verdict {
        Verdict::Done
    }
}
impl Decode for Nothing {
    fn decode(&self, _: &mut DecodeBatch<'_>) -> Verdict {
        Verdict::Done
    }
}
impl Encode for Nothing {
    fn encode(&self, _: &mut EncodeBatch<'_>) -> Verdict {
        Verdict::Done
    }
}
impl Deliver for Nothing {
    fn deliver(&self, _: &[crate::model::Value], _: &mut usize) -> Verdict {
        Verdict::Done
    }
}

fn step(name: &str, partition: &str, policy: Policy) -> Step {
    Step {
        name: name.into(),
        partition: partition.into(),
        keys: (partition != "all").then(|| Arc::new(Nothing) as Arc<dyn Partition>),
        key_kind: None,
        compute: Arc::new(Nothing),
        values: Arc::new(Nothing),
        policy,
        blocking: 0,
        retry: Retry::default(),
    }
}

fn computation(name: &str, parallel: bool) -> Computation {
    Computation {
        name: name.into(),
        transform: Arc::new(Nothing),
        parallel,
        values: Arc::new(Nothing),
        policy: Policy::Skip,
        blocking: if parallel { 64 } else { 0 },
    }
}

fn partition(name: &str, key_kind: KeyKind, keys: Option<DeclaredKeys>) -> topology::Partition {
    topology::Partition {
        name: name.into(),
        key_kind,
        keys,
        build: Arc::new(Nothing),
        build_id: 0,
    }
}

fn application() -> Application {
    let mut pipeline = Pipeline::new("price \"feed\"".into());
    pipeline.from_source(Source {
        credits: 64,
        values: Arc::new(Nothing),
        listen: None,
    });
    pipeline.to_state_partition(step("update", "stocks", Policy::Skip));
    let mut count = step("count", "all", Policy::Stop);
    count.blocking = 2;
    pipeline.to_state_partition(count);
    pipeline.to(computation("round", false));
    pipeline.to(computation("rate", true));
    for (name, kind) in [
        ("print", SinkKind::Callback(Arc::new(Nothing))),
        ("read", SinkKind::Queue(16)),
    ] {
        let retry = match kind {
            SinkKind::Callback(_) => Retry {
                times: 3,
                pause: std::time::Duration::from_millis(10),
            },
            _ => Retry::default(),
        };
        pipeline.to_sink(Sink {
            name: name.into(),
            policy: Policy::Stop,
            retry,
            kind,
        });
    }
    Application {
        name: "stock".into(),
        workers: 2,
        threads: Threads::Engine,
        key_groups: 4096,
        run_length: 1024,
        stack_size: 2 << 20,
        dead_letters: None,
        completions: None,
        log: None,
        sleep: None,
        partitions: vec![
            partition(
                "stocks",
                KeyKind::Bytes,
                Some(DeclaredKeys::Bytes(vec![
                    b"IBM".as_slice().into(),
                    b"MSFT".as_slice().into(),
                ])),
            ),
            partition("all", KeyKind::Single, None),
        ],
        pipelines: vec![pipeline],
    }
}

fn drawn(form: Form) -> String {
    application().describe(form).expect("there is no mistake")
}

#[test]
fn text_names_each_steps_kind_partition_keys_and_policy() {
    assert_eq!(
        drawn(Form::Text),
        r#"application "stock": workers 2, key groups 4096
  partition "stocks": keys bytes, 2 declared
  partition "all": a single part
  pipeline "price \"feed\""
    source: credits 64
    step 1 "update": state computation on "stocks", policy skip
    step 2 "count": state computation on "all", policy stop, blocking, threads 2
    step 3 "round": stateless computation, policy skip
    step 4 "rate": parallel computation, order given up, policy skip, blocking, threads 64
    sink "print": callback, policy stop after 3 retries, 10ms apart
    sink "read": queue of 16, policy stop
"#
    );
}

#[test]
fn json_is_one_object_that_says_the_same() {
    let drawn: serde_json::Value = serde_json::from_str(&drawn(Form::Json)).expect("it is JSON");
    assert_eq!(drawn["application"], "stock");
    assert_eq!(drawn["partitions"][0]["declared"], 2);
    assert_eq!(drawn["partitions"][1]["declared"], serde_json::Value::Null);
    let pipeline = &drawn["pipelines"][0];
    assert_eq!(pipeline["name"], "price \"feed\"");
    assert_eq!(pipeline["steps"][0]["policy"], "skip");
    assert_eq!(pipeline["steps"][0]["keys"], "bytes");
    assert_eq!(pipeline["steps"][1]["partition"], "all");
    assert_eq!(pipeline["steps"][2]["kind"], "computation");
    assert_eq!(pipeline["steps"][3]["kind"], "parallel_computation");
    assert_eq!(pipeline["steps"][3]["partition"], serde_json::Value::Null);
    assert_eq!(pipeline["steps"][0]["blocking"], serde_json::Value::Null);
    assert_eq!(pipeline["steps"][1]["blocking"], 2);
    assert_eq!(pipeline["sinks"][1]["capacity"], 16);
    assert_eq!(pipeline["steps"][0]["retries"], 0);
    assert_eq!(pipeline["sinks"][0]["retries"], 3);
    assert_eq!(pipeline["sinks"][0]["retry_pause_ns"], 10_000_000);
}

#[test]
fn mermaid_links_every_box_and_quotes_names() {
    assert_eq!(
        drawn(Form::Mermaid),
        r#"flowchart LR
  state0[("stocks<br>bytes")]
  state1[("all<br>single")]
  subgraph pipeline0["price #34;feed#34;"]
    source0(["source"])
    source0 --> step0_0["update<br>state computation<br>policy skip"]
    step0_0 --> step0_1["count<br>state computation<br>policy stop<br>threads 2"]
    step0_1 --> step0_2("round<br>stateless computation<br>policy skip")
    step0_2 --> step0_3[["rate<br>parallel computation<br>policy skip<br>threads 64"]]
    step0_3 --> sink0_0[/"print<br>callback<br>policy stop after 3 retries, 10ms apart"/]
    step0_3 --> sink0_1[/"read<br>queue of 16<br>policy stop"/]
  end
  step0_0 -.- state0
  step0_1 -.- state1
"#
    );
}

#[test]
fn sources_that_listen_and_sinks_that_connect_are_drawn_with_their_addresses() {
    let mut application = application();
    let pipeline = &mut application.pipelines[0];
    let source = pipeline.source.as_mut().expect("there is one");
    source.listen = Some(Arc::new(Listen {
        address: "here:1".into(),
        framing: Framing::Fixed(8),
        decode: Arc::new(Nothing),
        limits: Limits::default(),
        ack_request: None,
    }));
    pipeline.sinks.truncate(1);
    pipeline.sinks[0].retry = Retry::default();
    pipeline.sinks[0].kind = SinkKind::Connect(Arc::new(Connect {
        address: "there:2".into(),
        encode: Arc::new(Nothing),
        capacity: 1,
        buffered: 1,
        pauses: Default::default(),
        flush: None,
    }));
    let drawn = |form| application.describe(form).expect("there is no mistake");
    let text = drawn(Form::Text);
    assert!(
        text.contains("    source: listens on here:1, 8 bytes each, credits 64\n"),
        "{text}"
    );
    assert!(
        text.contains("    sink \"print\": connects to there:2, policy stop\n"),
        "{text}"
    );
    let json: serde_json::Value = serde_json::from_str(&drawn(Form::Json)).expect("it is JSON");
    let pipeline = &json["pipelines"][0];
    assert_eq!(pipeline["address"], "here:1");
    assert_eq!(pipeline["framing"], "8 bytes each");
    assert_eq!(pipeline["sinks"][0]["kind"], "tcp");
    assert_eq!(pipeline["sinks"][0]["address"], "there:2");
    let mermaid = drawn(Form::Mermaid);
    assert!(
        mermaid.contains("source0([\"source<br>listens on here:1\"])"),
        "{mermaid}"
    );
    assert!(
        mermaid.contains("print<br>connects to there:2<br>policy stop"),
        "{mermaid}"
    );
}

#[test]
fn mistakes_are_told_instead_of_drawn() {
    let mut application = application();
    application.pipelines[0].source = None;
    let mistakes = application
        .describe(Form::Text)
        .expect_err("a source is missing");
    assert_eq!(mistakes[0].message, "there is no source: expected one");
}
