//! `cluster token`: what kubectl runs to get a token.

use kompox_domain::{ErrorKind, Operation as Port};
use kompox_usecase::cluster;
use serde::{Deserialize, Serialize};
use time::format_description::well_known::Rfc3339;

use super::operation::operation;
use crate::args::{ClusterTargetArgs, GlobalArgs};
use crate::failure::Failure;
use crate::serialize::json_line;
use crate::session::{ClusterSession, operate};
use crate::ui::Ui;

/// The form of tokens on which we and kubectl agree.
const API: &str = "client.authentication.k8s.io/v1";
/// The variable in which kubectl says what it expects.
const EXEC_INFO: &str = "KUBERNETES_EXEC_INFO";

const EXAMPLES: &str = "\
kubectl runs it for contexts that `kompoxops cluster kubeconfig --cred user` made.

Examples:
  kompoxops cluster token | jq -r .status.expirationTimestamp";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    target: ClusterTargetArgs,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExecCredential<'a> {
    kind: &'static str,
    api_version: &'static str,
    status: Status<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Status<'a> {
    expiration_timestamp: String,
    token: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExecInfo {
    #[serde(default)]
    api_version: String,
}

pub(super) fn run(args: &Args, ui: &Ui, global: &GlobalArgs) -> Result<(), Failure> {
    check_expected(std::env::var_os(EXEC_INFO).as_deref())?;
    let session = ClusterSession::open(global, &args.target)?;
    let operation = operation(Port::ClusterToken, &args.target);
    let token = operate(ui, global, &operation, async |cx| {
        cluster::token(&*session.driver, &cx, &session.cluster).await
    })?;
    let internal = |error: &dyn std::fmt::Display| {
        let message = format!("cannot write the token down: {error}");
        Failure::new(ErrorKind::Internal, message, "run it again")
    };
    let credential = ExecCredential {
        kind: "ExecCredential",
        api_version: API,
        status: Status {
            // To the second: not every reader takes fractions.
            expiration_timestamp: token
                .expires_at
                .replace_nanosecond(0)
                .unwrap_or(token.expires_at)
                .format(&Rfc3339)
                .map_err(|error| internal(&error))?,
            token: token.token.expose(),
        },
    };
    let json = json_line(&credential)?;
    ui.data(&format!("{json}\n"))
}

/// Refuses to answer in another form than the one that was asked for.
fn check_expected(info: Option<&std::ffi::OsStr>) -> Result<(), Failure> {
    let Some(info) = info.filter(|info| !info.is_empty()) else {
        return Ok(());
    };
    let read = info
        .to_str()
        .and_then(|text| serde_json::from_str::<ExecInfo>(text).ok())
        .filter(|info| !info.api_version.is_empty());
    match read {
        Some(info) if info.api_version == API => Ok(()),
        Some(info) => Err(Failure::new(
            ErrorKind::InvalidInput,
            format!(
                "a token is asked for as {:?}, and is given out as {API} only",
                info.api_version
            ),
            "make the context anew: kompoxops cluster kubeconfig --merge --cred user",
        )),
        None => Err(Failure::new(
            ErrorKind::InvalidInput,
            format!("what {EXEC_INFO} holds is not what kubectl puts there"),
            format!("unset {EXEC_INFO}"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    #[test]
    fn only_what_kubectl_asks_for_in_our_form_is_answered() {
        let refusal = |text: &str| {
            check_expected(Some(OsStr::new(text)))
                .err()
                .map(|no| format!("{no:?}"))
        };
        assert!(check_expected(None).is_ok());
        let ours = r#"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","spec":{}}"#;
        for answered in ["", ours] {
            assert_eq!(refusal(answered), None, "{answered}");
        }
        for (asked, why) in [
            (
                r#"{"apiVersion":"client.authentication.k8s.io/v1beta1"}"#,
                "is given out as",
            ),
            ("{}", "is not what kubectl puts there"),
            ("nonsense", "is not what kubectl puts there"),
        ] {
            let refusal = refusal(asked).unwrap();
            assert!(refusal.contains(why), "{asked}: {refusal}");
        }
    }
}
