//! The network policy of a cluster and the data plane that goes with it: what may become what, and what that costs.

/// The policy of a new cluster that no setting names.
pub(crate) const OF_NEW: &str = "cilium";
/// The day on which AKS ends Azure's network policy manager on Linux.
pub(crate) const AZURE_ENDS: &str = "2028-09-30";

/// The data plane that goes with a policy.
pub(crate) fn dataplane_of(policy: &str) -> &'static str {
    if policy.eq_ignore_ascii_case("cilium") {
        "cilium"
    } else {
        "azure"
    }
}

/// Whether AKS has a way from one policy to another: it installs one where there is none, uninstalls it, and replaces
/// it by Cilium's, from which no way leads back.
pub(crate) fn may_become(is: &str, wanted: &str) -> bool {
    let same = |one: &str, other: &str| one.eq_ignore_ascii_case(other);
    if same(is, wanted) {
        return true;
    }
    !same(is, "cilium") && (same(is, "none") || same(wanted, "none") || same(wanted, "cilium"))
}

/// What a change of the policy that the settings ask for does beside it, as the end of a sentence; none where they ask
/// for no other.
pub(crate) fn cost_of_change(wanted: Option<&str>, is: Option<&str>) -> Option<String> {
    let (wanted, is) = (wanted?, is?);
    if is.eq_ignore_ascii_case(wanted) {
        return None;
    }
    Some(format!(
        "network policy {wanted} in place of {is} makes AKS re-image the nodes of all pools at the same time, and what it lets \
         through may differ{}",
        if wanted == "cilium" {
            "; AKS does not go back from cilium"
        } else {
            ""
        }
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_comes_goes_or_becomes_ciliums_for_good() {
        for (is, wanted, may) in [
            ("azure", "Azure", true),
            ("azure", "cilium", true),
            ("calico", "cilium", true),
            ("none", "cilium", true),
            ("none", "azure", true),
            ("azure", "none", true),
            ("calico", "azure", false),
            ("cilium", "azure", false),
            ("cilium", "none", false),
            ("cilium", "cilium", true),
        ] {
            assert_eq!(may_become(is, wanted), may, "{is} {wanted}");
        }
    }
}
