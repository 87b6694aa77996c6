//! The picture as a JSON object.

use serde_json::{Value, json};

use super::{Picture, PipelinePicture, SinkPictureKind, WorkPicture, name_of_keys, name_of_policy};

pub(super) fn draw(picture: &Picture) -> String {
    let partitions: Vec<Value> = picture.partitions.iter().map(partition).collect();
    let pipelines: Vec<Value> = picture
        .pipelines
        .iter()
        .map(|one| pipeline(picture, one))
        .collect();
    json!({
        "application": picture.name,
        "workers": picture.workers,
        "key_groups": picture.key_groups,
        "partitions": partitions,
        "pipelines": pipelines,
    })
    .to_string()
}

fn partition(partition: &super::PartitionPicture) -> Value {
    json!({
        "name": partition.name,
        "keys": name_of_keys(partition.keys),
        "declared": partition.declared,
    })
}

fn pipeline(picture: &Picture, pipeline: &PipelinePicture) -> Value {
    let steps = pipeline.steps.iter().map(|step| {
        let (kind, partition) = match step.work {
            WorkPicture::State(number) => ("state_computation", Some(&picture.partitions[number])),
            WorkPicture::Stateless => ("computation", None),
            WorkPicture::Parallel => ("parallel_computation", None),
        };
        json!({
            "name": step.name,
            "kind": kind,
            "partition": partition.map(|partition| &partition.name),
            "keys": partition.map(|partition| name_of_keys(partition.keys)),
            "policy": name_of_policy(step.failing.policy),
            "retries": step.failing.retry.times,
            "retry_pause_ns": step.failing.retry.pause.as_nanos() as u64,
            "blocking": step.blocking,
        })
    });
    let sinks = pipeline.sinks.iter().map(|sink| {
        let (kind, capacity, address) = match &sink.kind {
            SinkPictureKind::Queue(capacity) => ("queue", Some(capacity), None),
            SinkPictureKind::Callback => ("callback", None, None),
            SinkPictureKind::Answers => ("answers", None, None),
            SinkPictureKind::Connect(address) => ("tcp", None, Some(address)),
        };
        json!({
            "name": sink.name,
            "kind": kind,
            "capacity": capacity,
            "address": address,
            "policy": name_of_policy(sink.failing.policy),
            "retries": sink.failing.retry.times,
            "retry_pause_ns": sink.failing.retry.pause.as_nanos() as u64,
        })
    });
    json!({
        "name": pipeline.name,
        "credits": pipeline.credits,
        "address": pipeline.listen.as_ref().map(|(address, _)| address),
        "framing": pipeline.listen.as_ref().map(|(_, framing)| framing),
        "steps": steps.collect::<Vec<_>>(),
        "sinks": sinks.collect::<Vec<_>>(),
    })
}
