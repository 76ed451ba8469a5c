//! The credentials of managed clusters: whose kubeconfig is given out, and for which name.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kompox_azure_emulator::Options;
use serde_json::{Value, json};

use crate::client::{Azure, below_cluster, cluster_with};

fn kubeconfig(answer: &Value) -> String {
    let value = answer["kubeconfigs"][0]["value"].as_str().unwrap();
    String::from_utf8(STANDARD.decode(value).unwrap()).unwrap()
}

#[tokio::test]
async fn the_kubeconfig_goes_by_credential_and_by_the_name_asked_for() {
    let azure = Azure::with_group(Options::default()).await;
    let made = azure
        .cluster(
            "aks1",
            cluster_with(json!({ "apiServerAccessProfile": { "enablePrivateCluster": true } })),
        )
        .await;
    let properties = &made["properties"];
    let ask = async |action: &str| azure.post(&below_cluster("aks1", action)).await;
    let admin = ask("/listClusterAdminCredential").await.expect(200).body;
    assert_eq!(admin["kubeconfigs"][0]["name"], "clusterAdmin");
    let admin = kubeconfig(&admin);
    let has =
        |text: &str, line: &str| assert!(text.lines().any(|known| known.trim() == line), "{line}\n{text}");
    let server = format!(
        "server: {}/_kubernetes/{}",
        azure.emulator.connection().arm_endpoint,
        properties["resourceUID"].as_str().unwrap()
    );
    has(&admin, &server);
    has(
        &admin,
        &format!("tls-server-name: {}", properties["privateFQDN"].as_str().unwrap()),
    );
    has(&admin, "current-context: aks1-admin");
    has(&admin, "- name: clusterAdmin_rg_aks1");
    for member in ["client-certificate-data: ", "client-key-data: ", "    token: "] {
        assert!(admin.contains(member), "{member}");
    }
    // It is the same each time, so that it can be merged again.
    assert_eq!(kubeconfig(&ask("/listClusterAdminCredential").await.body), admin);
    let user = kubeconfig(&ask("/listClusterUserCredential").await.expect(200).body);
    has(&user, "current-context: aks1");
    has(&user, "- name: clusterUser_rg_aks1");
    assert!(user.contains("client-certificate-data: "));
    let public = format!(
        "{}&server-fqdn=public",
        below_cluster("aks1", "/listClusterUserCredential")
    );
    has(
        &kubeconfig(&azure.post(&public).await.expect(200).body),
        &format!("tls-server-name: {}", properties["fqdn"].as_str().unwrap()),
    );
}

#[tokio::test]
async fn with_entra_the_users_kubeconfig_calls_kubelogin_and_local_accounts_can_be_off() {
    let azure = Azure::with_group(Options::default()).await;
    azure
        .cluster(
            "aks1",
            cluster_with(json!({ "aadProfile": { "managed": true, "enableAzureRBAC": true }, "disableLocalAccounts": true })),
        )
        .await;
    let refused = azure
        .post(&below_cluster("aks1", "/listClusterAdminCredential"))
        .await
        .refused(400, "BadRequest");
    assert!(
        refused
            .message()
            .starts_with("Getting static credential is not allowed")
    );
    let path = below_cluster("aks1", "/listClusterUserCredential");
    let user = kubeconfig(&azure.post(&path).await.expect(200).body);
    assert!(
        user.contains("      command: kubelogin\n") && user.contains("6dae42f8-4368-4678-94ff-3960e28e3630")
    );
    assert!(!user.contains("client-certificate-data"));
    let legacy = kubeconfig(&azure.post(&format!("{path}&format=azure")).await.expect(200).body);
    assert!(legacy.contains("auth-provider:") && !legacy.contains("exec:"));
    azure
        .post(&format!("{path}&format=other"))
        .await
        .refused(400, "InvalidParameter");
}
