//! An embedded Azure in a process of its own, and configurations for it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::bench::log::Log;
use crate::bench::tools::{Run, SECRET, Tools};
use crate::report::Result;

/// The group that the embedded Azure fills, and in which the app has its disks.
const GROUP: &str = "seed";

/// The DNS zone in which the names of a served app are.
pub(crate) const ZONE: &str = "bench.example";

/// Where the configuration of the app lies.
const APP: &str = "app";

/// A running world. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct World<'t> {
    tools: &'t Tools,
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    /// The line with endpoints, certificate and credentials.
    connection: String,
    secret: String,
    directory: TempDir,
}

/// Where a configuration of clusters lies.
#[derive(Debug)]
pub(crate) struct Clusters(PathBuf);

impl<'t> World<'t> {
    /// Starts one whose operations take no time, with an app that has these volumes.
    pub(crate) fn start(tools: &'t Tools, volumes: &[&str]) -> Result<Self> {
        let world = Self::empty(tools)?;
        let connection: Value = serde_json::from_str(&world.connection)?;
        world.configure(APP, &documents(&connection, volumes))?;
        Ok(world)
    }

    /// Starts one whose operations take no time, without a configuration.
    pub(crate) fn empty(tools: &'t Tools) -> Result<Self> {
        let mut command = tools.peer();
        let mut child = command
            .arg("world")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start the embedded Azure: {error}"))?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let mut world = Self {
            tools,
            child,
            input,
            output: BufReader::new(output.ok_or("the embedded Azure has no output")?),
            connection: String::new(),
            secret: String::new(),
            directory: tempfile::Builder::new().prefix("kompox-bench-").tempdir()?,
        };
        let connection = world.answer()?;
        world.connection = connection.to_string();
        connection["clientSecret"]
            .as_str()
            .unwrap_or_default()
            .clone_into(&mut world.secret);
        Ok(world)
    }

    /// Writes a configuration of so many clusters, called `c0` and so on, all with these settings.
    pub(crate) fn clusters(&self, name: &str, count: usize, settings: &[(&str, &str)]) -> Result<Clusters> {
        let connection: Value = serde_json::from_str(&self.connection)?;
        let directory = self.configure(name, &cluster_documents(&connection, count, settings))?;
        Ok(Clusters(directory))
    }

    /// Writes a configuration of one cluster with an app that has a volume: zone, registry and certificate are there.
    pub(crate) fn served(&mut self) -> Result<Clusters> {
        let connection: Value = serde_json::from_str(&self.connection)?;
        let shared = Shared::of(&connection);
        for resource in shared.resources() {
            self.tell(&format!("resource {resource}"))?;
        }
        let directory = self.configure("served", &served_documents(&connection, &shared))?;
        Ok(Clusters(directory))
    }

    fn configure(&self, name: &str, documents: &str) -> Result<PathBuf> {
        let directory = self.directory.path().join(name);
        let kom = directory.join(".kompox/kom");
        std::fs::create_dir_all(&kom)?;
        std::fs::write(kom.join("all.yml"), documents)?;
        Ok(directory)
    }

    /// Runs the program where the app is configured.
    pub(crate) fn command(&self, arguments: &[&str]) -> Result<Run> {
        self.command_in(&self.directory.path().join(APP), arguments, 0)
    }

    /// Runs the program where clusters are configured. It must end with this exit code.
    pub(crate) fn cluster(&self, clusters: &Clusters, arguments: &[&str], code: u8) -> Result<Run> {
        self.command_in(&clusters.0, arguments, code)
    }

    fn command_in(&self, directory: &Path, arguments: &[&str], code: u8) -> Result<Run> {
        let directory = directory.display().to_string();
        let mut words = vec!["-C", &directory, "--progress", "none"];
        words.extend(arguments);
        let tools = self.tools;
        tools.run_until(&tools.program, &words, &self.secret, code)
    }

    /// Downloads the listing of the group's disks.
    pub(crate) fn download(&self) -> Result<Run> {
        let connection: Value = serde_json::from_str(&self.connection)?;
        let path = format!(
            "/subscriptions/{}/resourceGroups/{GROUP}/providers/Microsoft.Compute/disks?api-version=2024-03-02",
            connection["subscriptionId"].as_str().unwrap_or_default()
        );
        let arguments = ["download", &self.connection, &path];
        self.tools.run(&self.tools.peer, &arguments, &self.secret)
    }

    /// The requests since the last time.
    pub(crate) fn log(&mut self) -> Result<Log> {
        Ok(serde_json::from_value(self.tell("log")?)?)
    }

    /// Has the embedded Azure do something.
    pub(crate) fn tell(&mut self, what: &str) -> Result<Value> {
        let input = self.input.as_mut().ok_or("the embedded Azure has ended")?;
        writeln!(input, "{what}")?;
        input.flush()?;
        self.answer()
    }

    fn answer(&mut self) -> Result<Value> {
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            return Err("the embedded Azure has ended; its own message stands above".into());
        }
        Ok(serde_json::from_str(&line)?)
    }
}

impl Drop for World<'_> {
    fn drop(&mut self) {
        drop(self.input.take());
        // It ends by itself now; that it had ended before is as good.
        let _ = self.child.wait();
    }
}

/// A workspace, a provider, a cluster, and an app with volumes.
fn documents(connection: &Value, volumes: &[&str]) -> String {
    let volumes: String = volumes
        .iter()
        .map(|volume| format!("\n    - name: {volume}\n      size: 32Gi"))
        .collect();
    let mut documents = surroundings(connection);
    documents.extend([
        document("Cluster", "c", "/ws/w/prv/p/cls/c", " {}"),
        document(
            "App",
            "a",
            "/ws/w/prv/p/cls/c/app/a",
            &format!(
                "\n  deployment:\n    zone: \"1\"\n  settings:\n    AZURE_RESOURCE_GROUP_NAME: {GROUP}\n  \
                 volumes:{volumes}"
            ),
        ),
    ]);
    documents.join("---\n")
}

/// A workspace, a provider, and so many clusters with the same settings.
fn cluster_documents(connection: &Value, count: usize, settings: &[(&str, &str)]) -> String {
    let lines: String = settings
        .iter()
        .map(|(name, value)| format!("\n    {name}: {}", Value::from(*value)))
        .collect();
    let spec = match settings {
        [] => " {}".to_owned(),
        _ => format!("\n  settings:{lines}"),
    };
    let mut documents = surroundings(connection);
    documents.extend((0..count).map(|number| {
        let name = format!("c{number}");
        document("Cluster", &name, &format!("/ws/w/prv/p/cls/{name}"), &spec)
    }));
    documents.join("---\n")
}

/// What clusters share, and is there before them.
struct Shared {
    tenant: String,
    group: String,
}

impl Shared {
    fn of(connection: &Value) -> Self {
        let text = |name: &str| connection[name].as_str().unwrap_or_default();
        Self {
            tenant: text("tenantId").to_owned(),
            group: format!("/subscriptions/{}/resourceGroups/shared", text("subscriptionId")),
        }
    }

    fn zone(&self) -> String {
        format!("{}/providers/Microsoft.Network/dnsZones/{ZONE}", self.group)
    }

    fn registry(&self) -> String {
        format!(
            "{}/providers/Microsoft.ContainerRegistry/registries/bench",
            self.group
        )
    }

    fn resources(&self) -> [Value; 4] {
        let vault = format!("{}/providers/Microsoft.KeyVault/vaults/kv-bench", self.group);
        [
            json!({"id": self.group, "location": "japaneast", "properties": {"provisioningState": "Succeeded"}}),
            json!({"id": self.zone(), "location": "global", "properties": {}}),
            json!({"id": self.registry(), "location": "japaneast", "sku": {"name": "Standard"},
                "properties": {"roleAssignmentMode": "LegacyRegistryPermissions"}}),
            json!({"id": vault, "location": "japaneast", "properties": {
                "tenantId": self.tenant, "sku": {"family": "A", "name": "standard"}, "accessPolicies": [],
                "enableRbacAuthorization": true, "vaultUri": "https://kv-bench.vault.azure.net/"}}),
        ]
    }
}

/// A workspace, a provider, a cluster that has everything to install, and an app with a volume.
fn served_documents(connection: &Value, shared: &Shared) -> String {
    let cluster = format!(
        "\n  ingress:\n    certificates:\n    - name: wildcard\n      \
         source: https://kv-bench.vault.azure.net/secrets/wildcard\n  settings:\n    \
         AZURE_AKS_DNS_ZONE_RESOURCE_IDS: {}\n    AZURE_AKS_CONTAINER_REGISTRY_RESOURCE_IDS: {}",
        shared.zone(),
        shared.registry()
    );
    let app = "\n  deployment:\n    zone: \"1\"\n  volumes:\n    - name: db\n      size: 32Gi";
    let mut documents = surroundings(connection);
    documents.extend([
        document("Cluster", "c", "/ws/w/prv/p/cls/c", &cluster),
        document("App", "a", "/ws/w/prv/p/cls/c/app/a", app),
    ]);
    documents.join("---\n")
}

/// A workspace and a provider.
fn surroundings(connection: &Value) -> Vec<String> {
    let mut settings = String::new();
    for (name, value) in connection["settings"].as_object().into_iter().flatten() {
        let value = match name.as_str() {
            "AZURE_CLIENT_SECRET" => format!("env:{SECRET}"),
            _ => value.as_str().unwrap_or_default().to_owned(),
        };
        // JSON strings are YAML strings.
        settings.extend(["\n    ", name, ": ", &Value::from(value).to_string()]);
    }
    let provider = format!("\n  driver: aks\n  settings:{settings}\n    AZURE_RESOURCE_PREFIX: bench");
    vec![
        document("Workspace", "w", "/ws/w", " {}"),
        document("Provider", "p", "/ws/w/prv/p", &provider),
    ]
}

fn document(kind: &str, name: &str, id: &str, spec: &str) -> String {
    format!(
        "apiVersion: ops.kompox.dev/v1alpha1\nkind: {kind}\nmetadata:\n  name: {name}\n  annotations:\n    \
         ops.kompox.dev/id: {id}\nspec:{spec}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_does_not_stand_in_the_configuration() {
        let connection = serde_json::json!({
            "settings": { "AZURE_CLIENT_SECRET": "s3cret", "AZURE_CLOUD": "Custom" }
        });
        let text = documents(&connection, &["db"]);
        assert!(!text.contains("s3cret"));
        assert!(
            text.contains("    AZURE_CLIENT_SECRET: \"env:KOMPOX_BENCH_SECRET\"\n"),
            "{text}"
        );
        assert!(text.contains("    - name: db\n      size: 32Gi\n"), "{text}");
    }
    #[test]
    fn every_cluster_has_a_name_of_its_own_and_the_settings_of_all() {
        let connection = serde_json::json!({ "settings": {} });
        let text = cluster_documents(&connection, 2, &[("AZURE_AKS_SKU_TIER", "Standard")]);
        let clusters: Vec<&str> = text.split("---\n").skip(2).collect();
        assert_eq!(clusters.len(), 2);
        for (number, cluster) in clusters.iter().enumerate() {
            assert!(
                cluster.contains(&format!("ops.kompox.dev/id: /ws/w/prv/p/cls/c{number}\n")),
                "{text}"
            );
            assert!(
                cluster.ends_with("spec:\n  settings:\n    AZURE_AKS_SKU_TIER: \"Standard\"\n"),
                "{text}"
            );
        }
        assert!(cluster_documents(&connection, 1, &[]).ends_with("spec: {}\n"));
    }
}
