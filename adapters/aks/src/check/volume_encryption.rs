//! Whether the disk encryption sets that volumes name are there, and of use to their disks.

use kompox_arm::ResourceId;
use kompox_domain::cluster::Check;

use super::findings::Findings;
use super::kind::CheckKind;
use super::read::{Read, Reader};
use crate::api::DISKS;
use crate::resource_name::title;
use crate::session::Session;
use crate::settings::ProviderSettings;
use crate::volumes::{EncryptionSet, missing_hint};

const KIND: CheckKind = CheckKind::DiskEncryptionSet;

/// What is wrong with these sets. To read one is also the right that encrypting with it needs.
pub(crate) async fn check_encryption_sets(session: Session<'_>, sets: &[ResourceId]) -> Vec<Check> {
    let reader = Reader { session };
    let read = sets.iter().map(|id| async move {
        let path = id.to_string();
        reader.one::<EncryptionSet>(&path, DISKS).await
    });
    let read: Vec<Read<EncryptionSet>> = futures::future::join_all(read).await;
    let mut findings = Findings::default();
    for (id, read) in sets.iter().zip(&read) {
        one(&mut findings, session.provider, id, read);
    }
    findings.into_checks()
}

fn one(findings: &mut Findings, provider: &ProviderSettings, id: &ResourceId, read: &Read<EncryptionSet>) {
    let what = title(&id.to_string());
    if !id.subscription.eq_ignore_ascii_case(&provider.subscription) {
        findings.warn(
            KIND,
            format!("{what} lies in another subscription than the disks of the volumes that name it"),
            "name a set of the same subscription in option diskEncryptionSet",
        );
        return;
    }
    match read {
        Ok(Some(set)) => match set.unusable(&provider.location) {
            None => findings.pass(KIND, format!("{what} is there")),
            Some((why, hint)) => findings.warn(KIND, format!("{what} {why}"), hint),
        },
        Ok(None) => {
            let message = format!(
                "there is no {what} in resource group {}, as a volume says",
                id.group
            );
            findings.warn(KIND, message, missing_hint());
        }
        Err(error) => findings.unknown(KIND, &what, error),
    }
}
