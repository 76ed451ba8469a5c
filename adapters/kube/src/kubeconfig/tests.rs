//! Tests of kubeconfig files, and what they have in common.

mod bounds;
mod merging;
mod properties;
mod reading;
mod receiving;
mod replacing;

use std::fmt;

use super::*;

const HANDLE: &str =
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/aks-1";

fn parse(text: &str) -> Kubeconfig {
    Kubeconfig::parse(text.as_bytes()).unwrap()
}

fn refusal(text: &[u8]) -> String {
    let Err(error) = Kubeconfig::parse(text) else {
        panic!("{} is taken for a kubeconfig", String::from_utf8_lossy(text))
    };
    error.to_string()
}

fn access(name: &str, server: &str) -> Access {
    let text = format!(
        "{{apiVersion: v1, kind: Config, current-context: a,
          clusters: [{{name: b, cluster: {{server: '{server}', certificate-authority-data: Q0E=}}}}],
          users: [{{name: c, user: {{client-certificate-data: Q0VSVA==, client-key-data: S0VZ, token: 1e5}}}}],
          contexts: [{{name: a, context: {{cluster: b, user: c}}}}]}}"
    );
    parse(&text).current().unwrap().renamed(name).with_handle(HANDLE)
}

impl fmt::Debug for Kubeconfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_yaml())
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_kubeconfig().fmt(f)
    }
}

impl Kubeconfig {
    /// Merges into one file that is there.
    fn merge(&self, access: &Access, options: MergeOptions) -> std::result::Result<Merged, Clash> {
        let mut files = KubeconfigFiles::new(vec![Some(self.clone())])
            .merge(access, options)?
            .files;
        Ok(files.remove(0))
    }
}

fn merged(into: &Kubeconfig, access: &Access) -> Kubeconfig {
    into.merge(access, MergeOptions::default())
        .map_err(|clash| clash.to_string())
        .unwrap()
        .config
}

const OTHERS: &str = "\
# of somebody
apiVersion: v1
clusters:
- cluster:
    extensions:
    - extension:
        last-update: Thu, 01 Jan 1970 00:00:00 UTC
        version: v1.32.0
      name: cluster_info
    insecure-skip-tls-verify: yes
    server: https://10.0.0.1:6443/prefix
  name: '007'
contexts:
- context: {cluster: '007', user: \"yes\", namespace: null}
  name: 1e3
current-context: 1e3
kind: Config
preferences:
  colors: true
unheard-of: [1, 0x1F, ~, '', \"a\\tb\", [], {}]
users:
- name: \"yes\"
  user:
    token: |
      eyJ
      more
- name: nobody
";
