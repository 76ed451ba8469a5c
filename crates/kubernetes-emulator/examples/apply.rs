//! Applies a namespaced object of the core group, as JSON on standard input, to a new cluster and prints the answer.
//!
//! `echo '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"k":"v"}}' | cargo run --example apply`

#![expect(clippy::print_stdout, reason = "an example that prints what it finds")]

use std::error::Error;

use http::Method;
use kompox_emulator_core::json;
use kompox_emulator_core::request::Request;
use kompox_emulator_core::store::Documents;
use kompox_kubernetes_emulator::{Cluster, ClusterOwner, Pace, Peer, handle, open};
use serde_json::Value;

/// Owns one cluster, and knows nobody but its administrator.
struct One(Cluster);

impl ClusterOwner for One {
    fn cluster(&self, _: &Documents, _key: &str) -> Option<Cluster> {
        Some(self.0.clone())
    }
    fn principal(&self, _token: &str, _now: i64) -> Option<String> {
        None
    }
    fn allows(&self, _: &Documents, _: &str, _: &str, _: &str, _: Option<&str>) -> bool {
        false
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let object: Value = serde_json::from_reader(std::io::stdin())?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let resource = format!("{}s", text(&object["kind"]).to_lowercase());
    let cluster = Cluster {
        uid: "example".to_owned(),
        version: "1.34.2".to_owned(),
        answers: true,
        nodes: vec!["node-0".to_owned()],
        ..Cluster::default()
    };
    let mut documents = Documents::default();
    open(&mut documents, "example", &cluster, json::now());
    let administrator = Peer {
        cluster: cluster.uid.clone(),
        certificate: true,
    };
    let path = format!("/api/v1/namespaces/default/{resource}");
    let request = Request::internal(Method::POST, &path, "", Some(&object), "");
    let owner = One(cluster);
    let response = handle(
        &mut documents,
        &owner,
        &Pace::default(),
        &administrator,
        &request,
        json::now(),
    )
    .ok_or("the cluster does not answer")?;
    println!("{}", response.reply.status);
    println!("{}", String::from_utf8_lossy(&response.reply.body));
    Ok(())
}
