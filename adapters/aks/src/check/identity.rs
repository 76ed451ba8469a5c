//! Who is signed in, and whether the subscription can be used.

use kompox_arm::Identity;
use kompox_domain::ErrorKind;

use super::findings::Findings;
use super::kind::CheckKind;
use super::read::{Read, Subscription};

const KIND: CheckKind = CheckKind::Identity;

pub(super) fn identity(findings: &mut Findings, who: &Identity, id: &str, subscription: &Read<Subscription>) {
    let who = described(who);
    let hint = "check AZURE_SUBSCRIPTION_ID, and that the identity has a role in that subscription";
    let subscription = match subscription {
        Ok(Some(subscription)) => subscription,
        Ok(None) => {
            findings.fail(KIND, format!("{who}, who finds no subscription {id}"), hint);
            return;
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            findings.fail(KIND, format!("{who}, who finds no subscription {id}"), hint);
            return;
        }
        Err(error) => {
            findings.unknown(KIND, &format!("{who}; the subscription {id}"), error);
            return;
        }
    };
    let name = subscription.display_name.as_deref().unwrap_or_default();
    let state = subscription.state.as_deref().unwrap_or("Enabled");
    let message = format!("{who}; subscription {name} ({id}) is {state}");
    match state.to_ascii_lowercase().as_str() {
        "enabled" => findings.pass(KIND, message),
        // It works until Azure disables it.
        "warned" | "pastdue" => findings.warn(KIND, message, "pay what is due, before Azure disables it"),
        _ => findings.fail(KIND, message, "reactivate the subscription in the Azure portal"),
    }
}

fn described(who: &Identity) -> String {
    let named = match (&who.user, &who.client_id) {
        (Some(user), _) => format!("signed in as {user}"),
        (None, Some(client)) => format!("signed in as client {client}"),
        (None, None) => return "signed in, as whom the token does not tell".to_owned(),
    };
    let object = who
        .object_id
        .as_ref()
        .map(|id| format!(" with object id {id}"))
        .unwrap_or_default();
    let tenant = who
        .tenant_id
        .as_ref()
        .map(|id| format!(" of tenant {id}"))
        .unwrap_or_default();
    format!("{named}{object}{tenant}")
}

#[cfg(test)]
mod tests {
    use kompox_domain::cluster::Verdict;

    use super::*;

    #[test]
    fn only_a_subscription_that_is_enabled_passes() {
        for (state, verdict) in [
            ("Enabled", Verdict::Pass),
            ("Warned", Verdict::Warn),
            ("PastDue", Verdict::Warn),
            ("Disabled", Verdict::Fail),
            ("Deleted", Verdict::Fail),
            ("Expired", Verdict::Fail),
        ] {
            let mut findings = Findings::default();
            let read = Ok(Some(Subscription {
                display_name: Some("s".to_owned()),
                state: Some(state.to_owned()),
            }));
            identity(&mut findings, &Identity::default(), "id", &read);
            assert_eq!(findings.checks()[0].verdict, verdict, "{state}");
        }
    }
}
