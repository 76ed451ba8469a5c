//! A small HTTPS client that knows ARM's ways as little as possible.

use kompox_azure_emulator::{Emulator, Options};
use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

pub(crate) const CLUSTERS: &str = "2026-06-01";
pub(crate) const DISKS: &str = "2025-01-02";
pub(crate) const GROUPS: &str = "2024-11-01";

pub(crate) struct Azure {
    pub(crate) emulator: Emulator,
    http: reqwest::Client,
    token: String,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    pub(crate) body: Value,
}

impl Answer {
    /// The error: in its envelope, or bare as AKS answers.
    fn error(&self) -> &Value {
        if self.body["error"].is_object() {
            &self.body["error"]
        } else {
            &self.body
        }
    }

    pub(crate) fn code(&self) -> &str {
        self.error()["code"].as_str().unwrap_or_default()
    }

    pub(crate) fn message(&self) -> &str {
        self.error()["message"].as_str().unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    #[track_caller]
    pub(crate) fn refused(self, status: u16, code: &str) -> Self {
        assert_eq!((self.status, self.code()), (status, code), "{}", self.text);
        self
    }

    pub(crate) fn names(&self) -> Vec<&str> {
        self.body["value"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["name"].as_str().unwrap())
            .collect()
    }
}

pub(crate) fn http(emulator: &Emulator) -> reqwest::Client {
    let pem = std::fs::read(&emulator.connection().ca_file).unwrap();
    reqwest::Client::builder()
        .tls_certs_only([reqwest::Certificate::from_pem(&pem).unwrap()])
        .no_proxy()
        .build()
        .unwrap()
}

impl Azure {
    pub(crate) async fn start(options: Options) -> Self {
        Self::with(Emulator::start(options).await.unwrap()).await
    }

    pub(crate) async fn new() -> Self {
        Self::start(Options::default()).await
    }

    /// With the resource group `rg`.
    pub(crate) async fn with_group(options: Options) -> Self {
        let azure = Self::start(options).await;
        azure.group("rg").await;
        azure
    }

    pub(crate) async fn with(emulator: Emulator) -> Self {
        let http = http(&emulator);
        let mut azure = Self {
            emulator,
            http,
            token: String::new(),
        };
        azure.sign_in().await;
        azure
    }

    pub(crate) async fn sign_in(&mut self) {
        let connection = self.emulator.connection().clone();
        let scope = format!("{}//.default", connection.arm_endpoint);
        let answer = self
            .token(&[
                ("grant_type", "client_credentials"),
                ("client_id", &connection.client_id),
                ("client_secret", &connection.client_secret),
                ("scope", &scope),
            ])
            .await
            .expect(200);
        self.token = answer.body["access_token"].as_str().unwrap().to_owned();
    }

    pub(crate) fn set_token(&mut self, token: &str) {
        self.token = token.to_owned();
    }

    pub(crate) fn access_token(&self) -> &str {
        &self.token
    }

    pub(crate) async fn token(&self, form: &[(&str, &str)]) -> Answer {
        let connection = self.emulator.connection();
        self.token_of(&connection.tenant_id, form).await
    }

    pub(crate) async fn token_of(&self, tenant: &str, form: &[(&str, &str)]) -> Answer {
        let authority = &self.emulator.connection().authority_host;
        let body = form
            .iter()
            .map(|(key, value)| format!("{key}={}", escape(value)))
            .collect::<Vec<_>>()
            .join("&");
        let request = self
            .http
            .post(format!("{authority}/{tenant}/oauth2/v2.0/token"))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(body);
        answer(request).await.unwrap()
    }

    /// A request to a path below the subscription, or to any path or URL.
    pub(crate) async fn try_send(
        &self,
        method: Method,
        path: &str,
        body: Option<String>,
        headers: &[(&str, &str)],
    ) -> reqwest::Result<Answer> {
        let connection = self.emulator.connection();
        let url = if path.starts_with("https://") {
            path.to_owned()
        } else if let Some(rest) = path.strip_prefix("~/") {
            format!(
                "{}/subscriptions/{}/{rest}",
                connection.arm_endpoint, connection.subscription_id
            )
        } else {
            format!("{}{path}", connection.arm_endpoint)
        };
        let mut request = self.http.request(method, url);
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.header("Content-Type", "application/json").body(body);
        }
        answer(request).await
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        self.try_send(method, path, body.map(ToString::to_string), &[])
            .await
            .unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PUT, path, Some(&body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PATCH, path, Some(&body)).await
    }

    pub(crate) async fn post(&self, path: &str) -> Answer {
        self.send(Method::POST, path, None).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
    }

    pub(crate) async fn group(&self, name: &str) -> Answer {
        let answer = self.put(&group(name), json!({ "location": "japaneast" })).await;
        assert!(answer.status < 300, "{}", answer.text);
        answer
    }

    /// Polls an accepted operation to its end and returns the last status document.
    pub(crate) async fn finish(&self, accepted: &Answer) -> Answer {
        assert!(accepted.status < 300, "{}", accepted.text);
        let url = accepted.header("azure-asyncoperation").unwrap().to_owned();
        for _ in 0..100 {
            let answer = self.get(&url).await.expect(200);
            if answer.body["status"] != "InProgress" {
                return answer;
            }
        }
        panic!("the operation did not end");
    }

    /// Creates a disk and waits for it.
    pub(crate) async fn disk(&self, name: &str, body: Value) -> Value {
        let accepted = self.put(&disk(name), body).await;
        let done = self.finish(&accepted).await;
        assert_eq!(done.body["status"], "Succeeded", "{}", done.text);
        self.get(&disk(name)).await.expect(200).body
    }

    /// Creates or updates a cluster and waits for it.
    pub(crate) async fn cluster(&self, name: &str, body: Value) -> Value {
        let accepted = self.put(&cluster(name), body).await;
        let done = self.finish(&accepted).await;
        assert_eq!(done.body["status"], "Succeeded", "{}", done.text);
        self.get(&cluster(name)).await.expect(200).body
    }

    pub(crate) fn cluster_id(&self, name: &str) -> String {
        self.id(&format!(
            "resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/{name}"
        ))
    }

    pub(crate) fn id(&self, rest: &str) -> String {
        format!(
            "/subscriptions/{}/{rest}",
            self.emulator.connection().subscription_id
        )
    }

    pub(crate) fn disk_id(&self, name: &str) -> String {
        self.id(&format!(
            "resourceGroups/rg/providers/Microsoft.Compute/disks/{name}"
        ))
    }

    pub(crate) fn snapshot_id(&self, name: &str) -> String {
        self.id(&format!(
            "resourceGroups/rg/providers/Microsoft.Compute/snapshots/{name}"
        ))
    }
}

pub(crate) async fn answer(request: reqwest::RequestBuilder) -> reqwest::Result<Answer> {
    let response = request.send().await?;
    let (status, headers): (StatusCode, HeaderMap) = (response.status(), response.headers().clone());
    let text = response.text().await?;
    let body = serde_json::from_str(&text).unwrap_or(Value::Null);
    Ok(Answer {
        status: status.as_u16(),
        headers,
        text,
        body,
    })
}

pub(crate) fn escape(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

pub(crate) fn group(name: &str) -> String {
    format!("~/resourcegroups/{name}?api-version={GROUPS}")
}

pub(crate) fn disk(name: &str) -> String {
    format!("~/resourceGroups/rg/providers/Microsoft.Compute/disks/{name}?api-version={DISKS}")
}

pub(crate) fn snapshot(name: &str) -> String {
    format!("~/resourceGroups/rg/providers/Microsoft.Compute/snapshots/{name}?api-version={DISKS}")
}

pub(crate) fn cluster(name: &str) -> String {
    below_cluster(name, "")
}

/// A path below a cluster, or the cluster itself.
pub(crate) fn below_cluster(name: &str, rest: &str) -> String {
    let path = "~/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters";
    format!("{path}/{name}{rest}?api-version={CLUSTERS}")
}

/// A cluster that asks for little: one system pool, its own identity.
pub(crate) fn small_cluster() -> Value {
    json!({
        "location": "japaneast",
        "identity": { "type": "SystemAssigned" },
        "properties": {
            "dnsPrefix": "aks1",
            "agentPoolProfiles": [{ "name": "system", "mode": "System", "count": 2, "vmSize": "Standard_D4s_v5" }]
        }
    })
}

/// A small cluster with these properties besides.
pub(crate) fn cluster_with(changes: Value) -> Value {
    let mut body = small_cluster();
    for (key, value) in changes.as_object().unwrap() {
        body["properties"][key] = value.clone();
    }
    body
}

pub(crate) fn empty_disk() -> Value {
    json!({
        "location": "japaneast",
        "zones": ["1"],
        "sku": { "name": "Premium_LRS" },
        "properties": { "creationData": { "createOption": "Empty" }, "diskSizeGB": 32 }
    })
}
