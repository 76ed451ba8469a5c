//! Kubeconfigs as AKS hands them out.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::endpoint::Endpoint;

/// The application that AKS itself is in Entra, in every cloud.
pub const SERVER_APPLICATION: &str = "6dae42f8-4368-4678-94ff-3960e28e3630";
/// The public client that people sign in with.
const CLIENT_APPLICATION: &str = "80faf920-1908-4b52-b5ef-a8e7bedfc67a";

/// How the user of a kubeconfig proves who they are.
pub enum Login<'a> {
    /// With the cluster's certificate and token.
    Certificate,
    /// With a token of Entra that `kubelogin` gets, or (in the old form) `kubectl` itself.
    Entra {
        /// Tenant.
        tenant: &'a str,
        /// The form before `exec`.
        legacy: bool,
    },
}

/// One kubeconfig.
pub struct Kubeconfig<'a> {
    /// The endpoint that it leads to.
    pub endpoint: &'a Endpoint,
    /// `https://127.0.0.1:PORT`.
    pub base: &'a str,
    /// The name asked for.
    pub host: &'a str,
    /// The name of the cluster.
    pub cluster: &'a str,
    /// The resource group of the cluster.
    pub group: &'a str,
    /// The administrator's or the user's.
    pub admin: bool,
    /// How its user proves who they are.
    pub login: Login<'a>,
}

impl Kubeconfig<'_> {
    /// The file. Every name goes to loopback; `tls-server-name` is the one that Azure's DNS would know.
    pub fn yaml(&self) -> String {
        let role = if self.admin { "clusterAdmin" } else { "clusterUser" };
        let user = scalar(&format!("{role}_{}_{}", self.group, self.cluster));
        let cluster = scalar(self.cluster);
        let context = if self.admin {
            scalar(&format!("{}-admin", self.cluster))
        } else {
            cluster.clone()
        };
        let ca = STANDARD.encode(&self.endpoint.ca_certificate);
        let server = format!("{}{}/{}", self.base, super::server::PREFIX, self.endpoint.uid);
        let login = self.login();
        let host = scalar(self.host);
        format!(
            "apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: {ca}\n    server: {server}\n    \
             tls-server-name: {host}\n  name: {cluster}\ncontexts:\n- context:\n    cluster: {cluster}\n    user: \
             {user}\n  name: {context}\ncurrent-context: {context}\nkind: Config\npreferences: {{}}\nusers:\n- name: \
             {user}\n  user:\n{login}"
        )
    }

    fn login(&self) -> String {
        match &self.login {
            Login::Certificate => format!(
                "    client-certificate-data: {}\n    client-key-data: {}\n    token: {}\n",
                STANDARD.encode(&self.endpoint.client_certificate),
                STANDARD.encode(&self.endpoint.client_key),
                self.endpoint.token
            ),
            Login::Entra {
                tenant,
                legacy: false,
            } => format!(
                "    exec:\n      apiVersion: client.authentication.k8s.io/v1beta1\n      args:\n      - get-token\n      \
                 - --environment\n      - AzurePublicCloud\n      - --server-id\n      - {SERVER_APPLICATION}\n      - \
                 --client-id\n      - {CLIENT_APPLICATION}\n      - --tenant-id\n      - {tenant}\n      - --login\n      \
                 - devicecode\n      command: kubelogin\n      env: null\n      installHint: |2\n\n        kubelogin is \
                 not installed which is required to connect to AAD enabled cluster.\n\n        To learn more, please go \
                 to https://aka.ms/aks/kubelogin\n      provideClusterInfo: false\n"
            ),
            Login::Entra { tenant, legacy: true } => format!(
                "    auth-provider:\n      config:\n        apiserver-id: {SERVER_APPLICATION}\n        client-id: \
                 {CLIENT_APPLICATION}\n        config-mode: \"1\"\n        environment: AzurePublicCloud\n        \
                 tenant-id: {tenant}\n      name: azure\n"
            ),
        }
    }
}

/// A name as YAML: plain where that is safe, else quoted as JSON, which YAML reads too.
fn scalar(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    // A name of digits or the like would be read as a number or a truth value.
    let word = text.chars().next().is_some_and(|c| c.is_ascii_alphabetic())
        && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
            .contains(&text.to_ascii_lowercase().as_str());
    if word && text.chars().all(plain) {
        text.to_owned()
    } else {
        serde_json::Value::from(text).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::scalar;

    #[test]
    fn names_that_yaml_would_misread_are_quoted() {
        assert_eq!(scalar("clusterUser_rg-1_aks.x"), "clusterUser_rg-1_aks.x");
        for (name, quoted) in [
            ("1e3", "\"1e3\""),
            ("No", "\"No\""),
            ("a(b)", "\"a(b)\""),
            ("été", "\"été\""),
        ] {
            assert_eq!(scalar(name), quoted);
        }
    }
}
