//! A cluster's API, as bare as it is: what tests put there, change and look at.

use std::net::SocketAddr;

use reqwest::Method;
use serde_json::{Value, json};

#[derive(Clone)]
pub(crate) struct Api {
    http: reqwest::Client,
    server: String,
    token: Option<String>,
}

impl Api {
    pub(super) fn with_token(server: &str, ca: &str, token: &str) -> Self {
        let http = builder(ca.as_bytes()).build().unwrap();
        Self {
            http,
            server: server.to_owned(),
            token: Some(token.to_owned()),
        }
    }

    /// With a client's certificate and key, at an address that has another name.
    pub(super) fn with_certificate(
        (server, host, address): (&str, &str, SocketAddr),
        ca: &[u8],
        identity: &[u8],
    ) -> Self {
        let http = builder(ca)
            .resolve(host, address)
            .identity(reqwest::Identity::from_pem(identity).unwrap())
            .build()
            .unwrap();
        Self {
            http,
            server: server.to_owned(),
            token: None,
        }
    }

    pub(crate) async fn try_send(
        &self,
        method: &str,
        path: &str,
        kind: &str,
        body: Option<&Value>,
    ) -> reqwest::Result<(u16, Value)> {
        let method: Method = method.parse().unwrap();
        let mut request = self.http.request(method, format!("{}{path}", self.server));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.header("Content-Type", kind).body(body.to_string());
        }
        let response = request.send().await?;
        let status = response.status().as_u16();
        let text = response.text().await?;
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Ok((status, body))
    }

    pub(crate) async fn send(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        self.try_send(method, path, "application/json", body)
            .await
            .unwrap()
    }

    /// What must succeed.
    #[track_caller]
    pub(crate) fn must<'a>(
        &'a self,
        method: &'a str,
        path: &'a str,
        body: Option<&'a Value>,
    ) -> impl Future<Output = Value> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let (status, body) = self.send(method, path, body).await;
            assert!(status < 300, "{caller}: {method} {path}: {status} {body}");
            body
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Option<Value> {
        let (status, body) = self.send("GET", path, None).await;
        assert!(status < 300 || status == 404, "{path}: {body}");
        (status < 300).then_some(body)
    }

    /// A merge patch, of the object or of its status.
    pub(crate) async fn merge(&self, path: &str, patch: &Value) -> Value {
        let kind = "application/merge-patch+json";
        let (status, body) = self.try_send("PATCH", path, kind, Some(patch)).await.unwrap();
        assert!(status < 300, "{path}: {body}");
        body
    }

    /// Applies as somebody else.
    pub(crate) async fn apply_as(&self, manager: &str, path: &str, object: &Value) -> Value {
        let path = format!("{path}?fieldManager={manager}&force=true");
        let kind = "application/apply-patch+yaml";
        let (status, body) = self.try_send("PATCH", &path, kind, Some(object)).await.unwrap();
        assert!(status < 300, "{path}: {body}");
        body
    }

    pub(crate) async fn namespace(&self, name: &str) {
        let namespace = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } });
        self.must("POST", "/api/v1/namespaces", Some(&namespace)).await;
    }

    /// Names of all objects in a list.
    pub(crate) async fn names(&self, path: &str) -> Vec<String> {
        let list = self.must("GET", path, None).await;
        let items = list["items"].as_array().unwrap().iter();
        let mut names: Vec<String> = items
            .map(|item| item["metadata"]["name"].as_str().unwrap().to_owned())
            .collect();
        names.sort();
        names
    }
}

fn builder(ca: &[u8]) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .tls_certs_only([reqwest::Certificate::from_pem(ca).unwrap()])
        .no_proxy()
}
