//! Who reaches a cluster's Kubernetes endpoint, and what they may do there.

use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kompox_azure_emulator::Options;
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{Answer, Azure, answer, below_cluster, cluster, small_cluster};

/// A client that takes a kubeconfig at its word.
pub(crate) struct Kubernetes {
    http: reqwest::Client,
    /// With the name of the cluster in place of loopback: that is what the certificate is for.
    server: String,
    token: Option<String>,
    pub(crate) uid: String,
    pub(crate) kubeconfig: String,
}

/// How to prove who one is.
#[derive(Clone, Copy, PartialEq)]
enum Proof {
    Certificate,
    Token,
    Nothing,
}

/// The text after the first `key:` of a kubeconfig.
fn member<'a>(kubeconfig: &'a str, key: &str) -> Option<&'a str> {
    kubeconfig
        .lines()
        .find_map(|line| line.trim().strip_prefix(key)?.strip_prefix(": "))
}

fn decoded(kubeconfig: &str, key: &str) -> Option<Vec<u8>> {
    STANDARD.decode(member(kubeconfig, key)?).ok()
}

impl Kubernetes {
    pub(crate) async fn admin(azure: &Azure, name: &str) -> Self {
        let file = kubeconfig(azure, name, "/listClusterAdminCredential").await;
        Self::of(azure, &file)
    }

    pub(crate) fn of(azure: &Azure, kubeconfig: &str) -> Self {
        Self::with(azure, kubeconfig, Proof::Certificate, None)
    }

    fn with(azure: &Azure, kubeconfig: &str, proof: Proof, host: Option<&str>) -> Self {
        let host = host.unwrap_or_else(|| member(kubeconfig, "tls-server-name").unwrap());
        let endpoint = &azure.emulator.connection().arm_endpoint;
        let address: SocketAddr = endpoint.strip_prefix("https://").unwrap().parse().unwrap();
        let server = member(kubeconfig, "server").unwrap();
        let uid = server.rsplit('/').next().unwrap().to_owned();
        let ca = decoded(kubeconfig, "certificate-authority-data").unwrap();
        let mut builder = reqwest::Client::builder()
            .tls_certs_only([reqwest::Certificate::from_pem(&ca).unwrap()])
            .no_proxy()
            .resolve(host, address);
        if proof == Proof::Certificate {
            let mut pem = decoded(kubeconfig, "client-certificate-data").unwrap();
            pem.extend(decoded(kubeconfig, "client-key-data").unwrap());
            builder = builder.identity(reqwest::Identity::from_pem(&pem).unwrap());
        }
        let token = (proof == Proof::Token).then(|| member(kubeconfig, "token").unwrap().to_owned());
        Self {
            http: builder.build().unwrap(),
            server: server.replace(&address.to_string(), &format!("{host}:{}", address.port())),
            token,
            uid,
            kubeconfig: kubeconfig.to_owned(),
        }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.server));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let mut request = self.request(method, path);
        if let Some(body) = body {
            request = request
                .header("Content-Type", "application/json")
                .body(body.to_string());
        }
        answer(request).await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::PUT, path, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
    }

    /// `kind` is what stands before `-patch` in the media type.
    pub(crate) async fn patch(&self, kind: &str, path: &str, body: &Value) -> Answer {
        let form = if kind == "apply" { "yaml" } else { "json" };
        let request = self
            .request(Method::PATCH, path)
            .header("Content-Type", format!("application/{kind}-patch+{form}"))
            .body(body.to_string());
        answer(request).await.unwrap()
    }

    /// Applies as a manager; `options` go on with the query.
    pub(crate) async fn apply(&self, path: &str, manager: &str, options: &str, body: &Value) -> Answer {
        let path = format!("{path}?fieldManager={manager}{options}");
        self.patch("apply", &path, body).await
    }

    pub(crate) async fn try_get(&self, path: &str) -> reqwest::Result<Answer> {
        answer(self.request(Method::GET, path)).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.try_get(path).await.unwrap()
    }
}

async fn kubeconfig(azure: &Azure, name: &str, action: &str) -> String {
    let body = azure.post(&below_cluster(name, action)).await.expect(200).body;
    let value = STANDARD.decode(body["kubeconfigs"][0]["value"].as_str().unwrap());
    String::from_utf8(value.unwrap()).unwrap()
}

/// A cluster of Entra with Azure RBAC, and a kubeconfig of its user.
async fn with_entra(properties: Value) -> (Azure, String) {
    let azure = Azure::with_group(Options::default()).await;
    let mut body = small_cluster();
    body["properties"]["aadProfile"] = properties;
    azure.cluster("aks1", body).await;
    let file = kubeconfig(&azure, "aks1", "/listClusterUserCredential").await;
    (azure, file)
}

async fn token(azure: &Azure, scope: &str) -> String {
    let connection = azure.emulator.connection().clone();
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", connection.client_id.as_str()),
        ("client_secret", connection.client_secret.as_str()),
        ("scope", scope),
    ];
    let body = azure.token(&form).await.expect(200).body;
    body["access_token"].as_str().unwrap().to_owned()
}

const AKS: &str = "6dae42f8-4368-4678-94ff-3960e28e3630/.default";

/// A client with a token of Entra for this scope.
async fn entra_client(azure: &Azure, file: &str, scope: &str) -> Kubernetes {
    let mut kubernetes = Kubernetes::with(azure, file, Proof::Nothing, None);
    kubernetes.token = Some(token(azure, scope).await);
    kubernetes
}

#[tokio::test]
async fn certificate_and_token_open_a_cluster_and_nothing_else_does() {
    let azure = Azure::with_group(Options::default()).await;
    azure.cluster("aks1", small_cluster()).await;
    let file = kubeconfig(&azure, "aks1", "/listClusterUserCredential").await;
    for proof in [Proof::Certificate, Proof::Token] {
        Kubernetes::with(&azure, &file, proof, None)
            .get("/api/v1/namespaces")
            .await
            .expect(200);
    }
    let mut nobody = Kubernetes::with(&azure, &file, Proof::Nothing, None);
    for token in [None, Some("wrong".to_owned()), Some(token(&azure, AKS).await)] {
        nobody.token = token;
        for path in ["/version", "/api/v1/namespaces", "/none"] {
            let refused = nobody.get(path).await.expect(401);
            assert_eq!(refused.body["reason"], "Unauthorized");
        }
    }
}

#[tokio::test]
async fn each_cluster_has_its_own_names_certificates_and_paths() {
    let azure = Azure::with_group(Options::default()).await;
    azure.cluster("aks1", small_cluster()).await;
    azure.cluster("aks2", small_cluster()).await;
    let one = kubeconfig(&azure, "aks1", "/listClusterAdminCredential").await;
    let two = kubeconfig(&azure, "aks2", "/listClusterAdminCredential").await;
    // The other's name is not in one's certificate chain.
    let other = member(&two, "tls-server-name").unwrap();
    assert!(
        Kubernetes::with(&azure, &one, Proof::Token, Some(other))
            .try_get("/version")
            .await
            .is_err()
    );
    // The other's certificate does not open one's door: it is not this CA's.
    let mixed = two
        .lines()
        .map(|line| match line.trim().split_once(": ") {
            Some((key @ ("server" | "tls-server-name" | "certificate-authority-data"), _)) => {
                format!("{key}: {}", member(&one, key).unwrap())
            }
            _ => line.to_owned(),
        })
        .collect::<Vec<_>>()
        .join("\n");
    assert!(Kubernetes::of(&azure, &mixed).try_get("/version").await.is_err());
    // On one's connection the other's path is refused, and one's own needs no path.
    let mut kubernetes = Kubernetes::of(&azure, &one);
    let own = kubernetes.uid.clone();
    let uid = Kubernetes::of(&azure, &two).uid;
    kubernetes.server = kubernetes.server.replace(&own, &uid);
    kubernetes.get("/version").await.expect(421);
    kubernetes.server = kubernetes.server.replace(&format!("/_kubernetes/{uid}"), "");
    kubernetes.get("/version").await.expect(200);
    // Azure does not answer under a cluster's name, nor a cluster under Azure's.
    let arm = kubernetes
        .get("/subscriptions?api-version=2022-12-01")
        .await
        .expect(404);
    assert_eq!(arm.body["kind"], "Status");
    azure
        .get(&format!("/_kubernetes/{own}/version"))
        .await
        .expect(421);
    azure
        .get("/api/v1/namespaces?api-version=2022-12-01")
        .await
        .expect(404);
}

#[tokio::test]
async fn a_private_cluster_answers_under_both_names() {
    let azure = Azure::with_group(Options::default()).await;
    let mut body = small_cluster();
    body["properties"]["apiServerAccessProfile"] = json!({ "enablePrivateCluster": true });
    let made = azure.cluster("aks1", body).await;
    let file = kubeconfig(&azure, "aks1", "/listClusterAdminCredential").await;
    for name in ["fqdn", "privateFQDN"] {
        let host = made["properties"][name].as_str().unwrap();
        Kubernetes::with(&azure, &file, Proof::Certificate, Some(host))
            .get("/version")
            .await
            .expect(200);
    }
}

#[tokio::test]
async fn a_cluster_that_is_silent_stopped_or_gone_does_not_answer() {
    let azure = Azure::with_group(Options::default()).await;
    azure.cluster("aks1", small_cluster()).await;
    let kubernetes = Kubernetes::admin(&azure, "aks1").await;
    let id = azure.cluster_id("aks1");
    let answers = async || kubernetes.try_get("/version").await.is_ok();
    assert!(answers().await);
    azure.emulator.set_kubernetes_answering(&id, false).await.unwrap();
    assert!(!answers().await);
    azure.emulator.set_kubernetes_answering(&id, true).await.unwrap();
    assert!(answers().await);
    azure.post(&below_cluster("aks1", "/stop")).await.expect(202);
    assert!(!answers().await);
    azure.post(&below_cluster("aks1", "/start")).await.expect(202);
    assert!(answers().await);
    azure.delete(&cluster("aks1")).await.expect(202);
    assert!(!answers().await);
    assert!(azure.emulator.set_kubernetes_answering(&id, true).await.is_err());
}

#[tokio::test]
async fn a_token_of_entra_opens_a_cluster_of_entra_if_it_is_for_aks() {
    let (azure, file) = with_entra(json!({ "managed": true, "enableAzureRBAC": true })).await;
    entra_client(&azure, &file, AKS)
        .await
        .get("/api/v1/namespaces")
        .await
        .expect(200);
    let arm = format!("{}//.default", azure.emulator.connection().arm_endpoint);
    let wrong = entra_client(&azure, &file, &arm).await;
    wrong.get("/api/v1/namespaces").await.expect(401);
    let revoked = entra_client(&azure, &file, AKS).await;
    azure.emulator.expire_tokens().await.unwrap();
    revoked.get("/api/v1/namespaces").await.expect(401);
}

#[tokio::test]
async fn azure_rbac_asks_for_a_role_on_the_cluster() {
    let (azure, file) = with_entra(json!({ "managed": true, "enableAzureRBAC": true })).await;
    let kubernetes = entra_client(&azure, &file, AKS).await;
    azure
        .emulator
        .restrict_caller(Some(vec!["Microsoft.Resources/*".to_owned()]));
    let refused = kubernetes.get("/api/v1/namespaces").await.expect(403);
    let message = refused.body["message"].as_str().unwrap();
    assert!(
        message.starts_with("namespaces is forbidden: User ")
            && message.ends_with("Update role assignment to allow access."),
        "{message}"
    );
    kubernetes
        .get("/api/v1/namespaces/kube-system/pods")
        .await
        .expect(403);
    // Whoever is known may ask what there is.
    kubernetes.get("/version").await.expect(200);
    kubernetes.get("/apis").await.expect(200);
    azure.emulator.restrict_caller(None);
    let role = "b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b";
    let claims = kubernetes
        .token
        .as_ref()
        .unwrap()
        .split('.')
        .nth(1)
        .unwrap()
        .to_owned();
    let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(claims)
        .unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    azure
        .put(
            "~/resourceGroups/rg/providers/Microsoft.Authorization/roleAssignments/5b0a1e06-61b2-4b0c-a3b1-000000000001?api-version=2022-04-01",
            json!({ "properties": {
                "roleDefinitionId": azure.id(&format!("providers/Microsoft.Authorization/roleDefinitions/{role}")),
                "principalId": claims["oid"], "principalType": "ServicePrincipal" } }),
        )
        .await
        .expect(201);
    azure
        .emulator
        .restrict_caller(Some(vec!["Microsoft.Resources/*".to_owned()]));
    kubernetes.get("/api/v1/namespaces").await.expect(200);
    kubernetes
        .send(
            Method::POST,
            "/api/v1/namespaces",
            Some(&json!({ "metadata": { "name": "app" } })),
        )
        .await
        .expect(201);
}

#[tokio::test]
async fn what_the_caller_is_left_with_counts_for_data_too() {
    let (azure, file) = with_entra(json!({ "managed": true, "enableAzureRBAC": true })).await;
    let kubernetes = entra_client(&azure, &file, AKS).await;
    azure.emulator.restrict_caller(Some(vec![
        "Microsoft.ContainerService/managedClusters/*/read".to_owned(),
    ]));
    kubernetes.get("/api/v1/pods").await.expect(200);
    kubernetes.get("/apis/apps/v1/deployments").await.expect(200);
    kubernetes
        .send(
            Method::POST,
            "/api/v1/namespaces",
            Some(&json!({ "metadata": { "name": "app" } })),
        )
        .await
        .expect(403);
    kubernetes
        .send(Method::DELETE, "/api/v1/namespaces/default", None)
        .await
        .expect(403);
}

#[tokio::test]
async fn without_azure_rbac_the_clusters_own_bindings_decide() {
    let (azure, file) = with_entra(json!({ "managed": true })).await;
    let kubernetes = entra_client(&azure, &file, AKS).await;
    let refused = kubernetes.get("/api/v1/namespaces").await.expect(403);
    assert!(!refused.body["message"].as_str().unwrap().contains("Azure"));
    Kubernetes::admin(&azure, "aks1")
        .await
        .get("/api/v1/namespaces")
        .await
        .expect(200);
}
