//! SIGKILL in the middle of concurrent writes, again and again: what was acknowledged is there, and nothing is
//! half there. `KOMPOX_EMULATOR_KILLS` says how often.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use kompox_azure_emulator::{Connection, Emulator, Options, Timing};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::client::{Azure, DISKS, group, http};
use crate::deployed;

const KILLS: usize = 10;
const WRITERS: usize = 6;
/// So many kills in a row happen to one directory.
const KILLS_PER_DIRECTORY: usize = 20;
const MARKS: [&str; 5] = ["a", "b", "c", "d", "e"];

/// Operations that somebody must look at once, so that most kills find some under way.
fn options(directory: &Path) -> Options {
    Options {
        state_dir: Some(directory.to_owned()),
        page_size: 5_000,
        timing: Timing::looks(1),
        ..Options::default()
    }
}

/// Serves in a process of its own, to be killed by the test below; does nothing when run with the others.
#[tokio::test]
async fn serve_until_killed() {
    let Some(directory) = std::env::var_os("KOMPOX_EMULATOR_TEST_KILL") else {
        return;
    };
    match Emulator::start(options(directory.as_ref())).await {
        Ok(_emulator) => {
            writeln!(std::io::stdout(), "\nready").unwrap();
            std::future::pending::<()>().await;
        }
        Err(error) => writeln!(std::io::stdout(), "\nfailed: {error}").unwrap(),
    }
}

fn spawn(directory: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", "durability_kill::serve_until_killed"])
        .env("KOMPOX_EMULATOR_TEST_KILL", directory)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Starts a process and waits until it serves. Somebody else may hold its port for a moment while nobody serves.
fn serve(directory: &Path) -> Child {
    let mut said = String::new();
    for _ in 0..50 {
        let mut child = spawn(directory);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines.find_map(|line| {
            line.ok()
                .filter(|line| line == "ready" || line.starts_with("failed"))
        });
        if line.as_deref() == Some("ready") {
            return child;
        }
        child.wait().unwrap();
        said = line.unwrap_or_default();
        assert!(said.contains("port") || said.contains("listen"), "{said}");
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("the emulator does not come back: {said}");
}

fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

/// What a disk holds: its mark. `None` is a disk that is not there.
type Content = Option<String>;

/// What a writer sent for one disk, in order, and whether it was acknowledged.
#[derive(Debug, Default, Clone)]
struct History {
    sent: Vec<(Content, bool)>,
    monitors: Vec<String>,
}

impl History {
    /// Whether a content is the one acknowledged last, or one that was sent later.
    fn allows(&self, found: &Content) -> bool {
        let last = self.sent.iter().rposition(|(_, acknowledged)| *acknowledged);
        // Before the first acknowledged write, the disk may not be there.
        (last.is_none() && found.is_none())
            || self.sent[last.unwrap_or(0)..]
                .iter()
                .any(|(content, _)| content == found)
    }
}

#[derive(Clone)]
struct Client {
    http: reqwest::Client,
    connection: Connection,
    token: String,
}

impl Client {
    fn url(&self, name: &str) -> String {
        let Connection {
            arm_endpoint,
            subscription_id,
            ..
        } = &self.connection;
        format!(
            "{arm_endpoint}/subscriptions/{subscription_id}/resourceGroups/rg/providers/Microsoft.Compute/disks{name}?api-version={DISKS}"
        )
    }

    /// Status, monitor and body; nothing where there was no whole answer.
    async fn send(
        &self,
        method: Method,
        url: &str,
        body: Option<Value>,
    ) -> Option<(u16, Option<String>, Value)> {
        let mut request = self.http.request(method, url).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request
                .header("Content-Type", "application/json")
                .body(body.to_string());
        }
        let answer = request.send().await.ok()?;
        let status = answer.status().as_u16();
        let monitor = answer.headers().get("azure-asyncoperation");
        let monitor = monitor.map(|url| url.to_str().unwrap().to_owned());
        let text = answer.text().await.ok()?;
        Some((
            status,
            monitor,
            serde_json::from_str(&text).unwrap_or(Value::Null),
        ))
    }

    /// Asks again where a connection to the process before this one was tried.
    async fn read(&self, url: &str) -> (u16, Value) {
        for _ in 0..20 {
            if let Some((status, _, body)) = self.send(Method::GET, url, None).await {
                return (status, body);
            }
        }
        panic!("{url} is not answered");
    }

    /// Follows an operation to its end.
    async fn finish(&self, monitor: &str) {
        for _ in 0..10 {
            let (status, body) = self.read(monitor).await;
            assert_eq!(status, 200, "an acknowledged operation is known: {body}");
            if body["status"] != "InProgress" {
                assert_eq!(body["status"], "Succeeded", "{body}");
                return;
            }
        }
        panic!("{monitor} does not end");
    }
}

fn tags(mark: &str) -> Value {
    MARKS.iter().map(|key| ((*key).to_owned(), json!(mark))).collect()
}

/// The content of a disk as it is served. A part of one is no content.
fn content(disk: &Value) -> Content {
    let mark = disk["tags"]["a"]
        .as_str()
        .unwrap_or_else(|| panic!("half: {disk}"));
    assert_eq!(disk["tags"], tags(mark), "half: {disk}");
    let properties = &disk["properties"];
    // What only a disk has that has been made.
    let made = properties["provisioningState"] != "Succeeded" || properties["uniqueId"].is_string();
    assert!(
        made && properties["diskSizeGB"].is_u64() && disk["id"].is_string(),
        "half: {disk}"
    );
    Some(mark.to_owned())
}

/// Writes to disks of its own until nobody answers.
async fn write(client: Client, writer: usize, round: usize) -> BTreeMap<String, History> {
    let mut histories: BTreeMap<String, History> = BTreeMap::new();
    for number in 0.. {
        let name = format!("d{writer}-{round}-{}", number / 8);
        let mark = format!("{name}-{number}");
        let history = histories.entry(name.clone()).or_default();
        let (method, sent, body) = match number % 8 {
            3 | 6 => (Method::PATCH, Some(mark.clone()), json!({ "tags": tags(&mark) })),
            4 if writer.is_multiple_of(2) => (Method::DELETE, None, Value::Null),
            5 if writer.is_multiple_of(2) => continue,
            _ => {
                let body = json!({
                    "location": "japaneast", "sku": { "name": "Premium_LRS" }, "tags": tags(&mark),
                    "properties": { "creationData": { "createOption": "Empty" }, "diskSizeGB": 4 + number % 8 }
                });
                (Method::PUT, Some(mark), body)
            }
        };
        // A PATCH makes nothing.
        if method == Method::PATCH && history.sent.last().is_none_or(|(content, _)| content.is_none()) {
            continue;
        }
        history.sent.push((sent, false));
        let body = Some(body).filter(|body| !body.is_null());
        let Some((status, monitor, answer)) =
            client.send(method, &client.url(&format!("/{name}")), body).await
        else {
            return histories;
        };
        assert!((200..300).contains(&status), "{status} {answer}");
        history.sent.last_mut().unwrap().1 = true;
        let Some(monitor) = monitor else { continue };
        history.monitors.push(monitor.clone());
        // The last write to each disk is left under way.
        if number % 8 == 7 {
            continue;
        }
        loop {
            match client.send(Method::GET, &monitor, None).await {
                None => return histories,
                Some((_, _, body)) if body["status"] == "InProgress" => {}
                Some(_) => break,
            }
        }
    }
    histories
}

/// Everything that was acknowledged is there, everything that is there is whole, and what was under way ends.
async fn verify(client: &Client, histories: &mut BTreeMap<String, History>) {
    for history in histories.values_mut() {
        if let Some(last) = history.monitors.pop() {
            client.finish(&last).await;
        }
        history.monitors.clear();
    }
    let (status, list) = client.read(&client.url("")).await;
    assert_eq!(status, 200, "{list}");
    let mut found = BTreeMap::new();
    for disk in list["value"].as_array().unwrap() {
        let name = disk["name"].as_str().unwrap();
        found.insert(name.to_owned(), content(disk));
        assert!(
            histories.contains_key(name),
            "{name} was never asked for, but is there"
        );
    }
    for (name, history) in histories {
        let content = found.remove(name).unwrap_or_default();
        assert!(
            history.allows(&content),
            "{name} is {content:?} after {history:?}"
        );
        // What is served once stays.
        history.sent = vec![(content, true)];
    }
}

/// A directory whose first start, too, was killed at some point.
async fn begin(directory: &Path, number: usize) -> Client {
    let child = spawn(directory);
    tokio::time::sleep(Duration::from_millis((number as u64 * 37) % 150)).await;
    kill(child);
    let azure = Azure::start(options(directory)).await;
    azure.group("rg").await;
    let client = Client {
        http: http(&azure.emulator),
        connection: azure.emulator.connection().clone(),
        token: azure.access_token().to_owned(),
    };
    azure.emulator.shutdown().await;
    client
}

#[tokio::test]
async fn no_kill_among_many_loses_what_was_acknowledged_or_leaves_a_half() {
    let kills = std::env::var("KOMPOX_EMULATOR_KILLS").map_or(KILLS, |text| text.parse().unwrap());
    let (mut acknowledged, mut unanswered, mut under_way) = (0, 0, 0);
    for first in (0..kills).step_by(KILLS_PER_DIRECTORY) {
        let directory = tempfile::tempdir().unwrap();
        let client = begin(directory.path(), first).await;
        let mut histories = BTreeMap::new();
        for round in first..kills.min(first + KILLS_PER_DIRECTORY) {
            if round % 4 == 3 {
                // Killed while it reads what the kill before left.
                let child = spawn(directory.path());
                tokio::time::sleep(Duration::from_millis((round as u64 * 13) % 120)).await;
                kill(child);
            }
            let child = serve(directory.path());
            verify(&client, &mut histories).await;
            let mut writers: JoinSet<_> = (0..WRITERS)
                .map(|writer| write(client.clone(), writer, round))
                .collect();
            tokio::time::sleep(Duration::from_millis(5 + (round as u64 * 7_919) % 120)).await;
            kill(child);
            while let Some(written) = writers.join_next().await {
                let written = written.unwrap();
                for history in written.values() {
                    acknowledged += history.sent.iter().filter(|(_, done)| *done).count();
                    unanswered += history.sent.iter().filter(|(_, done)| !done).count();
                    under_way += usize::from(!history.monitors.is_empty());
                }
                histories.extend(written);
            }
        }
        let azure = Azure::start(options(directory.path())).await;
        let connection = azure.emulator.connection();
        assert_eq!(
            serde_json::to_value(connection).unwrap(),
            serde_json::to_value(&client.connection).unwrap()
        );
        azure.get(&group("rg")).await.expect(200);
        verify(&client, &mut histories).await;
    }
    assert!(acknowledged > kills && unanswered > 0 && under_way > 0);
    writeln!(
        std::io::stderr(),
        "{kills} kills: {acknowledged} writes acknowledged, {unanswered} unanswered, {under_way} disks with operations"
    )
    .unwrap();
}

/// The state of a stack, or nothing where there is none.
async fn state_of(client: &Client, stack: &str) -> Option<String> {
    let (status, body) = client.read(stack).await;
    let state = body["properties"]["provisioningState"]
        .as_str()
        .map(str::to_owned);
    assert!(status == 404 || state.is_some(), "{status} {body}");
    state
}

#[tokio::test]
async fn a_stack_that_is_killed_at_any_look_is_put_and_deleted_after_the_restart() {
    let directory = tempfile::tempdir().unwrap();
    let client = begin(directory.path(), 0).await;
    let base = client
        .url("")
        .split("/resourceGroups/")
        .next()
        .unwrap()
        .to_owned();
    let mut on_the_way = Vec::new();
    for looks in 0.. {
        let name = format!("s{looks}");
        let template = deployed::subscription_template(json!([
            deployed::group(&name),
            deployed::nested(
                "disks",
                &name,
                &[&name],
                json!([deployed::disk("a", &[]), deployed::disk("b", &["a"])])
            ),
        ]));
        let stacks = format!("{base}/providers/Microsoft.Resources/deploymentStacks");
        let stack = format!("{stacks}/{name}?api-version={}", deployed::STACKS);
        let child = serve(directory.path());
        let body = deployed::definition(template, "delete", "delete");
        // Whoever reads asks again where the process is another one by now.
        assert_eq!(state_of(&client, &stack).await, None);
        let (status, _, body) = client.send(Method::PUT, &stack, Some(body)).await.unwrap();
        assert_eq!(status, 201, "{body}");
        let mut before = Some("initializing".to_owned());
        for _ in 0..looks {
            before = state_of(&client, &stack).await;
        }
        kill(child);
        on_the_way.extend(before.clone());
        let child = serve(directory.path());
        follow(&client, &stack, Some("succeeded")).await;
        let disk =
            format!("{base}/resourceGroups/{name}/providers/Microsoft.Compute/disks/b?api-version={DISKS}");
        assert_eq!(client.read(&disk).await.0, 200);
        let delete = format!("{stack}{}", deployed::DELETE_ALL);
        let (status, ..) = client.send(Method::DELETE, &delete, None).await.unwrap();
        assert_eq!(status, 202);
        let mut deleting = Some("deleting".to_owned());
        for _ in 0..looks {
            deleting = state_of(&client, &stack).await;
        }
        kill(child);
        on_the_way.extend(deleting);
        let child = serve(directory.path());
        follow(&client, &stack, None).await;
        assert_eq!(client.read(&disk).await.0, 404);
        kill(child);
        if before.as_deref() == Some("succeeded") {
            break;
        }
    }
    for state in [
        "initializing",
        "validating",
        "deploying",
        "deleting",
        "deletingResources",
    ] {
        assert!(
            on_the_way.iter().any(|seen| seen == state),
            "{state}: {on_the_way:?}"
        );
    }
}

/// Asks for a stack until it has the state it ends in.
async fn follow(client: &Client, stack: &str, end: Option<&str>) {
    let mut state = None;
    for _ in 0..50 {
        state = state_of(client, stack).await;
        if state.as_deref() == end {
            return;
        }
    }
    panic!("{stack} does not end: {state:?}");
}
