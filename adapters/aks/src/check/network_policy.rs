//! Who enforces network policies in the cluster, and for how long AKS offers that.

use super::findings::Findings;
use super::kind::CheckKind;
use crate::observe::managed_cluster::ManagedCluster;
use crate::settings::cluster::ProvisionedSettings;
use crate::template::network_policy::{AZURE_ENDS, OF_NEW, cost_of_change, may_become};

const KIND: CheckKind = CheckKind::NetworkPolicy;
const KEY: &str = "AZURE_AKS_NETWORK_POLICY";

pub(super) fn network_policy(
    findings: &mut Findings,
    own: &ProvisionedSettings,
    cluster: Option<&ManagedCluster>,
) {
    let is = cluster.and_then(ManagedCluster::network_policy);
    if let (Some(wanted), Some(is)) = (own.network_policy, is)
        && !may_become(is, wanted)
    {
        // What cannot change is told as a whole elsewhere.
        return;
    }
    if let Some(cost) = cost_of_change(
        own.network_policy,
        cluster.and_then(ManagedCluster::network_policy),
    ) {
        findings.warn(
            KIND,
            cost,
            "do it when the apps can go without their nodes for a while; AKS's guide to migrating from Network Policy \
             Manager to Cilium lists the policies that mean something else there",
        );
    }
    match (own.network_policy, is) {
        (None, Some("azure")) => findings.otherwise_pass(
            KIND,
            format!(
                "azure, kept as it is; AKS ends it on Linux on {AZURE_ENDS}, and {KEY}: cilium replaces it"
            ),
        ),
        (Some("azure"), None) => findings.warn(
            KIND,
            format!("AKS ends network policy azure on Linux on {AZURE_ENDS}"),
            format!("leave {KEY} out: a new cluster gets {OF_NEW}"),
        ),
        (wanted, is) => {
            let policy = wanted.or(is).unwrap_or(OF_NEW);
            let who = if policy == "none" { "nobody" } else { policy };
            findings.otherwise_pass(KIND, format!("{who} enforces network policies"));
        }
    }
}

#[cfg(test)]
mod tests {
    use kompox_domain::cluster::Verdict;
    use serde_json::json;

    use super::super::tests::own;
    use super::*;

    fn found(wanted: Option<&str>, is: Option<&str>) -> Vec<(Verdict, String)> {
        let cluster: Option<ManagedCluster> = is.map(|is| {
            serde_json::from_value(json!({"properties": {"networkProfile": {"networkPolicy": is}}})).unwrap()
        });
        let settings: Vec<(&str, &str)> = wanted.iter().map(|wanted| (KEY, *wanted)).collect();
        let mut findings = Findings::default();
        network_policy(&mut findings, &own(&settings), cluster.as_ref());
        let of = |check: &kompox_domain::cluster::Check| (check.verdict, check.message.clone());
        findings.checks().iter().map(of).collect()
    }

    #[test]
    fn an_end_is_told_to_whoever_chooses_it_and_mentioned_to_whoever_has_it() {
        assert_eq!(
            found(None, None)[0],
            (Verdict::Pass, "cilium enforces network policies".to_owned())
        );
        let (verdict, message) = &found(Some("azure"), None)[0];
        assert_eq!(*verdict, Verdict::Warn);
        assert!(message.contains("2028-09-30"), "{message}");
        let (verdict, message) = &found(None, Some("azure"))[0];
        assert_eq!(*verdict, Verdict::Pass);
        assert!(
            message.contains("2028-09-30") && message.contains("cilium"),
            "{message}"
        );
    }

    #[test]
    fn a_change_tells_what_becomes_of_the_nodes() {
        let told = found(Some("cilium"), Some("azure"));
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0].0, Verdict::Warn);
        assert!(told[0].1.contains("re-image the nodes of all pools"), "{told:?}");
        assert_eq!(found(Some("azure"), Some("cilium")), []);
        assert_eq!(found(Some("cilium"), Some("cilium"))[0].0, Verdict::Pass);
    }
}
