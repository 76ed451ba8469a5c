//! Publishing names and taking them back.

use async_trait::async_trait;
use kompox_domain::dns::DnsReport;
use kompox_domain::driver::DnsRequest;
use kompox_domain::{Mode, Result};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::building::{managed_cluster, provision};
use crate::crash_points::{Estate, Likeness, Operation, Operator, Vigil};

const NAMESPACE: &str = "kompox-app1-034d4d";
const ZONE: &str = "/resourceGroups/dns/providers/Microsoft.Network/dnsZones/example.com";

/// What is published in the end.
const RECORDS: [&str; 2] = ["A/www", "A/*"];

/// `dns deploy` where something is to be made, changed, deleted and left, or `dns destroy` of what that led to.
pub struct Publishing {
    destroys: bool,
    /// What there is in the end of an undisturbed run.
    wanted: OnceCell<Likeness>,
}

impl Publishing {
    /// `dns deploy`.
    #[must_use]
    pub const fn deploy() -> Self {
        Self::new(false)
    }

    /// `dns destroy`.
    #[must_use]
    pub const fn destroy() -> Self {
        Self::new(true)
    }

    const fn new(destroys: bool) -> Self {
        Self {
            destroys,
            wanted: OnceCell::const_new(),
        }
    }

    async fn report(&self, estate: &Estate<'_>, operator: &Operator) -> Result<DnsReport> {
        let Operator { driver, cx } = operator;
        let app = estate.cloud.app();
        if self.destroys {
            driver
                .dns()
                .expect("the driver has DNS")
                .destroy(cx, app, Mode::Apply)
                .await
        } else {
            driver
                .dns()
                .expect("the driver has DNS")
                .deploy(cx, app, &DnsRequest::default(), Mode::Apply)
                .await
        }
    }
}

/// Lets the cluster's ingress serve these hosts at its only address.
async fn serve(estate: &Estate<'_>, hosts: &[&str], address: &str) {
    let cluster = managed_cluster(estate).await;
    let rules: Vec<Value> = hosts.iter().map(|host| json!({ "host": host })).collect();
    let address = if address.parse::<std::net::IpAddr>().is_ok() {
        json!({ "ip": address })
    } else {
        json!({ "hostname": address })
    };
    let addresses = json!({ "loadBalancer": { "ingress": [address] } });
    for object in [
        json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": NAMESPACE } }),
        json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "traefik" } }),
        json!({ "apiVersion": "v1", "kind": "Service", "metadata": { "name": "traefik", "namespace": "traefik" },
            "spec": { "type": "LoadBalancer" }, "status": addresses }),
        json!({ "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
            "metadata": { "name": "web", "namespace": NAMESPACE }, "spec": { "rules": rules },
            "status": addresses }),
    ] {
        let emulator = &estate.cloud.emulator;
        let put = emulator.put_kubernetes_object(&cluster, object);
        put.await.expect("the cluster is there");
    }
}

#[async_trait(?Send)]
impl Operation for Publishing {
    type Ground<'c> = Estate<'c>;

    fn name(&self) -> String {
        if self.destroys {
            "dns destroy"
        } else {
            "dns deploy"
        }
        .to_owned()
    }

    fn settings(&self, subscription: &str) -> Vec<(&'static str, String)> {
        let zone = format!("/subscriptions/{subscription}{ZONE}");
        vec![("AZURE_AKS_DNS_ZONE_RESOURCE_IDS", zone)]
    }

    async fn prepare(&self, estate: &Estate<'_>, operator: &Operator) -> Result<()> {
        estate.put_strangers().await;
        let body = json!({ "location": "japaneast", "properties": { "provisioningState": "Succeeded" } });
        estate.put(&estate.id("/resourceGroups/dns"), body).await;
        estate
            .put(&estate.id(ZONE), json!({ "location": "global" }))
            .await;
        for record in ["A/theirs", "TXT/www-theirs"] {
            let properties = json!({ "TTL": 60, "ARecords": [{ "ipv4Address": "192.0.2.99" }] });
            let id = estate.id(&format!("{ZONE}/{record}"));
            estate
                .put(&id, json!({ "etag": "theirs", "properties": properties }))
                .await;
        }
        provision(estate, operator).await?;
        let before = Self::deploy();
        serve(estate, &["www.example.com", "old.example.com"], "lb.example.net").await;
        before.report(estate, operator).await?;
        let hosts = ["www.example.com", "*.example.com", "theirs.example.com"];
        serve(estate, &hosts, "192.0.2.7").await;
        if self.destroys {
            before.report(estate, operator).await?;
        }
        Ok(())
    }

    async fn run(&self, estate: &Estate<'_>, operator: &Operator) -> Result<()> {
        self.report(estate, operator).await.map(drop)
    }

    async fn watch<'c>(&self, estate: &Estate<'c>) -> Vigil {
        estate.watch(false).await
    }

    async fn read<'c>(
        &self,
        estate: &Estate<'c>,
        reader: &Operator,
        _: &Vigil,
    ) -> std::result::Result<(), String> {
        let Operator { driver, cx } = reader;
        let foretold = driver
            .dns()
            .expect("the driver has DNS")
            .destroy(cx, estate.cloud.app(), Mode::Plan)
            .await;
        foretold
            .map(drop)
            .map_err(|error| format!("what is there cannot be told: {error:?}"))
    }

    async fn ended(&self, estate: &Estate<'_>, reader: &Operator) -> std::result::Result<(), String> {
        let everything = estate.everything().await;
        let published = RECORDS.map(|record| {
            let id = estate.id(&format!("{ZONE}/{record}"));
            everything.iter().any(|one| {
                one["id"]
                    .as_str()
                    .is_some_and(|found| found.eq_ignore_ascii_case(&id))
            })
        });
        if published.contains(&self.destroys) {
            return Err(format!("of {RECORDS:?} there are {published:?}"));
        }
        let found = estate.likeness().await;
        self.wanted
            .get_or_init(async || found.clone())
            .await
            .compare(&found)?;
        estate.cloud.emulator.clear_requests();
        let again = self.report(estate, reader).await;
        let again = again.map_err(|error| format!("once more: {error:?}"))?;
        let requests = estate.cloud.emulator.requests();
        // Asking for a kubeconfig is a POST.
        let writes = ["PUT", "PATCH", "DELETE"];
        if again.is_change()
            || requests
                .iter()
                .any(|request| writes.contains(&request.method.as_str()))
        {
            return Err(format!("once more, and there is something to do: {again:?}"));
        }
        Ok(())
    }
}
