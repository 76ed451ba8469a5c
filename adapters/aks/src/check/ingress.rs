//! Whether the ingress that installing would bring has published advisories.

use kompox_domain::{Hint, Operation};
use kompox_kube::Traefik;
use kompox_kube::traefik::Image;

use super::findings::Findings;
use super::kind::CheckKind;

const KIND: CheckKind = CheckKind::IngressImage;

pub(super) fn image(findings: &mut Findings, traefik: &Traefik) {
    let image = traefik.image.reference();
    let Some(version) = traefik.image.version() else {
        findings.untold(
            KIND,
            format!(
                "image {image} names no exact version of Traefik 3, so what is known of it cannot be told"
            ),
        );
        return;
    };
    // A digest decides which image it is, whatever the tag says.
    let (named, them) = match traefik.image.digest {
        Some(_) => ("ingress.image.digest and ingress.image.tag", "both"),
        None => ("ingress.image.tag", "it"),
    };
    match traefik.exposure() {
        None => findings.pass(
            KIND,
            format!("of Traefik {version} no security advisory was published when this program was made"),
        ),
        Some(known) => findings.warn(
            KIND,
            known.sentence(),
            Hint::command(
                format!(
                    "set {named} to {} or newer, or leave {them} out for {}; then install",
                    known.mended_in,
                    Image::TAG
                ),
                Operation::ClusterInstall,
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use kompox_domain::cluster::Verdict;

    use super::*;

    fn found(tag: Option<&str>, digest: Option<&str>) -> (Verdict, String) {
        let mut traefik = Traefik::new("traefik", "traefik", "ws/prv/cls");
        traefik.image.tag = tag.map(str::to_owned);
        traefik.image.digest = digest.map(str::to_owned);
        let mut findings = Findings::default();
        image(&mut findings, &traefik);
        let check = findings.into_checks().remove(0);
        (check.verdict, check.message)
    }

    #[test]
    fn an_image_older_than_the_fix_of_an_advisory_is_a_finding() {
        assert_eq!(found(None, None).0, Verdict::Pass);
        let (verdict, message) = found(Some("v3.7.11"), None);
        assert_eq!(verdict, Verdict::Warn);
        assert!(message.contains("v3.7.13: GHSA-"), "{message}");
    }

    #[test]
    fn of_an_image_without_a_version_nothing_is_claimed() {
        for (tag, digest) in [
            (Some("latest"), None),
            (None, Some("sha256:00")),
            (Some("v2.11.57"), None),
        ] {
            assert_eq!(found(tag, digest).0, Verdict::Unknown);
        }
    }
}
