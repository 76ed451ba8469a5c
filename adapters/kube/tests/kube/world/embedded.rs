//! A cluster of the embedded Azure.

use std::net::SocketAddr;
use std::time::Duration;

use kompox_azure_emulator::{Emulator, Options, Timing};
use serde_json::{Value, json};

use super::{Api, Life};

const FOR_EVER: Duration = Duration::from_secs(86_400);
const CLUSTER: &str = "resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks1";

pub(super) struct Embedded {
    emulator: Emulator,
    http: reqwest::Client,
    token: String,
}

impl Embedded {
    pub(super) async fn start(life: Life) -> Self {
        let timing = match life {
            Life::Lively => Timing::zero(),
            Life::Quiet => Timing {
                pod: FOR_EVER,
                load_balancer: FOR_EVER,
                namespace: FOR_EVER,
                ..Timing::zero()
            },
        };
        let emulator = Emulator::start(Options {
            timing,
            ..Options::default()
        })
        .await
        .unwrap();
        let ca = std::fs::read(&emulator.connection().ca_file).unwrap();
        let http = reqwest::Client::builder()
            .tls_certs_only([reqwest::Certificate::from_pem(&ca).unwrap()])
            .no_proxy()
            .build()
            .unwrap();
        let mut embedded = Self {
            emulator,
            http,
            token: String::new(),
        };
        embedded.sign_in().await;
        embedded
    }

    async fn sign_in(&mut self) {
        let connection = self.emulator.connection();
        let form = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}&scope={}//.default",
            connection.client_id, connection.client_secret, connection.arm_endpoint
        );
        let url = format!(
            "{}/{}/oauth2/v2.0/token",
            connection.authority_host, connection.tenant_id
        );
        let request = self
            .http
            .post(url)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(form);
        let answer: Value = request.send().await.unwrap().json_value().await;
        self.token = answer["access_token"].as_str().unwrap().to_owned();
    }

    async fn arm(&self, method: &str, path: &str, version: &str, body: Option<Value>) -> Value {
        let connection = self.emulator.connection();
        let url = format!(
            "{}/subscriptions/{}/{path}?api-version={version}",
            connection.arm_endpoint, connection.subscription_id
        );
        let mut request = self
            .http
            .request(method.parse().unwrap(), url)
            .bearer_auth(&self.token);
        if let Some(body) = body {
            request = request
                .header("Content-Type", "application/json")
                .body(body.to_string());
        }
        let response = request.send().await.unwrap();
        let (status, body) = (response.status(), response.json_value().await);
        assert!(status.is_success(), "{path}: {body}");
        body
    }

    /// Makes a cluster; its kubeconfig, and its API.
    pub(super) async fn cluster(&self) -> (String, Api) {
        let group = json!({ "location": "japaneast" });
        self.arm("PUT", "resourcegroups/rg", "2024-11-01", Some(group))
            .await;
        let cluster = json!({
            "location": "japaneast",
            "identity": { "type": "SystemAssigned" },
            "properties": {
                "dnsPrefix": "aks1",
                "addonProfiles": { "azureKeyvaultSecretsProvider": { "enabled": true } },
                "agentPoolProfiles": [{ "name": "system", "mode": "System", "count": 2, "vmSize": "Standard_D4s_v5" }]
            }
        });
        self.arm("PUT", CLUSTER, "2026-06-01", Some(cluster)).await;
        for _ in 0..100 {
            let there = self.arm("GET", CLUSTER, "2026-06-01", None).await;
            if there["properties"]["provisioningState"] == "Succeeded" {
                return self.kubeconfig().await;
            }
        }
        panic!("the cluster was not made");
    }

    async fn kubeconfig(&self) -> (String, Api) {
        let path = format!("{CLUSTER}/listClusterAdminCredential");
        let credentials = self.arm("POST", &path, "2026-06-01", Some(json!({}))).await;
        let text = decoded(credentials["kubeconfigs"][0]["value"].as_str().unwrap());
        let text = String::from_utf8(text).unwrap();
        let (server, host) = (member(&text, "server"), member(&text, "tls-server-name"));
        let endpoint = &self.emulator.connection().arm_endpoint;
        let address: SocketAddr = endpoint.strip_prefix("https://").unwrap().parse().unwrap();
        // The name is what the certificate is for.
        let named = server.replace(&address.to_string(), &format!("{host}:{}", address.port()));
        let ca = decoded(member(&text, "certificate-authority-data"));
        let mut identity = decoded(member(&text, "client-certificate-data"));
        identity.extend(decoded(member(&text, "client-key-data")));
        let api = Api::with_certificate((&named, host, address), &ca, &identity);
        (text, api)
    }

    pub(super) fn requests(&self) -> Vec<String> {
        let requests = self.emulator.requests().into_iter();
        let of_cluster = requests.filter_map(|request| {
            let (_, path) = request.path.strip_prefix("/_kubernetes/")?.split_once('/')?;
            Some(format!("{} /{path}", request.method))
        });
        of_cluster.collect()
    }

    pub(super) fn forget_requests(&self) {
        self.emulator.clear_requests();
    }
}

/// The text after the first `key:` of a kubeconfig.
fn member<'a>(kubeconfig: &'a str, key: &str) -> &'a str {
    let mut lines = kubeconfig.lines();
    lines
        .find_map(|line| line.trim().strip_prefix(key)?.strip_prefix(": "))
        .unwrap()
}

fn decoded(base64: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(base64).unwrap()
}

/// Bodies as JSON, without another feature of the client.
trait JsonValue {
    async fn json_value(self) -> Value;
}

impl JsonValue for reqwest::Response {
    async fn json_value(self) -> Value {
        let text = self.text().await.unwrap();
        serde_json::from_str(&text).unwrap_or(Value::String(text))
    }
}
