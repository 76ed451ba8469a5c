//! What is known of versions of Traefik: its published security advisories, and in which version each is mended.
//!
//! Taken from Traefik's advisories at GitHub, from the vulnerability database of Go (which maps them to versions), and
//! from the changelog of v3.7.13: `design/azure.md` names them. The table knows what was published when this program
//! was made, so that a version without an entry is one of which nothing was known then.

use Part::{Acme, Always, CustomResources, Gateway, Http3, IngressNginx, Never};

use super::version::Version;

/// The part of Traefik that an advisory is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Whatever it serves.
    Always,
    /// Middlewares, TLS options and routes of its own kinds: there are none without those kinds.
    CustomResources,
    /// Certificates that it gets by itself.
    Acme,
    /// HTTP/3, which no entry point of ours has.
    Http3,
    /// The provider for the Gateway API.
    Gateway,
    /// The provider for Ingresses that were written for another controller.
    IngressNginx,
    /// What it does outside of Kubernetes, or with plugins.
    Never,
}

/// A published advisory.
#[derive(Debug, PartialEq, Eq)]
pub struct Advisory {
    /// Its identifier at GitHub.
    pub id: &'static str,
    /// What it is about.
    pub part: Part,
    /// What may happen, in few words.
    pub what: &'static str,
    /// The first version that has it.
    since: Version,
    /// The first version of each minor version that does not, oldest first; all later than the last do not.
    fixed: &'static [(u32, u32)],
}

impl Advisory {
    /// Whether a version of Traefik 3 has it.
    #[must_use]
    pub fn concerns(&self, version: Version) -> bool {
        let mended = |fix: &(u32, u32)| {
            let fix = Version::three(*fix);
            let last = self.fixed.last().is_some_and(|last| fix == Version::three(*last));
            fix <= version && (last || fix.minor == version.minor)
        };
        version >= self.since && !self.fixed.iter().any(mended)
    }

    /// The last of the versions that mend it.
    #[must_use]
    pub fn mended_in(&self) -> Version {
        self.fixed.last().map_or(self.since, |last| Version::three(*last))
    }
}

/// All that were known when this program was made.
#[rustfmt::skip]
pub const ADVISORIES: &[Advisory] = &[
    known("GHSA-f7cq-5v43-8pwp", Always, (0, 0), &[(0, 1)], "malformed DNS answers make it loop"),
    known("GHSA-7jmw-8259-q9jx", Always, (0, 0), &[(0, 2)], "IPv4 addresses that are mapped to IPv6 pass address checks"),
    known("GHSA-rvj4-q8q5-8grf", Never, (0, 0), &[(0, 3)], "a DNS challenge with an identity of Azure raises rights"),
    known("GHSA-gxrv-wf35-62w9", Http3, (0, 0), &[(0, 4)], "early data passes lists of allowed addresses"),
    known("GHSA-62c8-mh53-4cqv", Always, (0, 0), &[(1, 3)], "clients take off headers that Traefik adds"),
    known("GHSA-h924-8g65-j9wg", Always, (0, 0), &[(2, 1)], "X-Forwarded-Prefix opens redirects"),
    known("GHSA-hxr6-2p24-hf98", Http3, (0, 0), &[(2, 2)], "clients end connections of others"),
    known("GHSA-5423-jcjm-2gpv", Always, (0, 0), &[(3, 6)], "requests are smuggled in chunks that end with a bare line feed"),
    known("GHSA-6p68-w45g-48j7", Always, (0, 0), &[(3, 6)], "paths with /../ pass the rules of routes"),
    known("GHSA-vrch-868g-9jx5", Always, (0, 0), &[(4, 1)], "encoded paths pass the rules of routes"),
    known("GHSA-q6gg-9f92-r9wg", Never, (0, 0), &[(4, 5)], "an archive of a plugin writes files elsewhere"),
    known("GHSA-7vww-mvcr-x6vj", IngressNginx, (5, 0), &[(6, 3)], "certificates of backends are not verified where that is asked for"),
    known("GHSA-gm3x-23wp-hc2c", Always, (0, 0), &[(6, 4)], "encoded characters in paths pass the rules of routes"),
    known("GHSA-cwjm-3f7h-9hwq", Acme, (0, 0), &[(6, 7)], "stalled handshakes of the TLS challenge hold connections"),
    known("GHSA-89p3-4642-cr2w", Always, (0, 0), &[(6, 8)], "clients that ask for Postgres's STARTTLS hold connections"),
    known("GHSA-gv8r-9rw9-9697", Http3, (0, 0), &[(6, 8)], "client certificates are not asked for"),
    known("GHSA-fw45-f5q2-2p4x", CustomResources, (0, 0), &[(6, 9)], "answers of a ForwardAuth server fill the memory"),
    known("GHSA-xw98-5q62-jx94", Always, (0, 0), &[(6, 9)], "stalled TLS handshakes hold connections"),
    known("GHSA-92mv-8f8w-wq52", Always, (1, 3), &[(6, 9)], "Connection tokens take off headers that Traefik adds"),
    known("GHSA-8q2w-wr49-whqj", Gateway, (0, 0), &[(6, 10)], "an HTTPRoute takes the hosts of others"),
    known("GHSA-4hjq-9h5c-252j", Always, (0, 0), &[(6, 10)], "HTTP/2 frames end the process"),
    known("GHSA-g3hg-j4jv-cwfr", CustomResources, (0, 0), &[(6, 11)], "BasicAuth tells by its time which users there are"),
    known("GHSA-wvvq-wgcr-9q48", CustomResources, (0, 0), &[(6, 11)], "a fragmented ClientHello passes client certificates"),
    known("GHSA-67jx-r9pv-98rj", Never, (0, 0), &[(6, 11)], "a Knative Ingress takes the hosts of others"),
    known("GHSA-qr99-7898-vr7c", CustomResources, (0, 0), &[(6, 12), (7, 0)], "clients name the user that BasicAuth or DigestAuth hands on"),
    known("GHSA-46wh-3698-f2cx", Always, (0, 0), &[(6, 12), (7, 0)], "malformed gRPC requests pass rules that deny"),
    known("GHSA-p6hg-qh38-555r", CustomResources, (0, 0), &[(6, 15), (7, 0)], "the errors middleware hands on credentials"),
    known("GHSA-5m6w-wvh7-57vm", CustomResources, (0, 0), &[(6, 14), (7, 0)], "aliases of forwarded headers pass ForwardAuth"),
    known("GHSA-6384-m2mw-rf54", CustomResources, (0, 0), &[(6, 14), (7, 0)], "X-Forwarded-Prefix passes ForwardAuth"),
    known("GHSA-6jwx-7vp4-9847", CustomResources, (0, 0), &[(6, 14), (7, 0)], "StripPrefixRegex passes the rules of other routes"),
    known("GHSA-6x2q-h3cr-8j2h", CustomResources, (0, 0), &[(6, 14), (7, 0)], "BasicAuth tells by its time which users there are"),
    known("GHSA-xhjw-95fp-8vgq", CustomResources, (0, 0), &[(6, 14), (7, 0)], "routes use middlewares of other namespaces"),
    known("GHSA-96qj-4jj5-wcjc", Gateway, (0, 0), &[(6, 17), (7, 1)], "a route opens the REST provider"),
    known("GHSA-xf64-8mw2-4gr2", CustomResources, (0, 0), &[(6, 19), (7, 3)], "StripPrefix passes the rules of other routes"),
    known("GHSA-5r4w-85f3-pw66", CustomResources, (7, 0), &[(7, 3)], "TLS options of wildcard hosts are left out of a check"),
    known("GHSA-9cr8-q42q-g8m7", Http3, (0, 0), &[(7, 3)], "client certificates are not asked for at wildcard hosts"),
    known("GHSA-3g6v-2r68-prfc", Gateway, (0, 0), &[(6, 21), (7, 5)], "a route opens internal services"),
    known("GHSA-4mr2-fg2p-w63c", IngressNginx, (7, 0), &[(7, 5)], "a route without its Secret asks for no password"),
    known("GHSA-3q9r-p662-5j8m", CustomResources, (0, 0), &[(6, 22), (7, 6)], "X-Forwarded-Port passes ForwardAuth"),
    known("GHSA-x677-9fxg-v5c5", CustomResources, (0, 0), &[(6, 22), (7, 6)], "clients name the user by headers with underscores"),
    known("GHSA-6p8f-p8j2-rqmv", Gateway, (7, 0), &[(7, 6)], "filters of a route reach other routes"),
    known("GHSA-42cj-m3vj-89wv", CustomResources, (6, 0), &[(6, 23), (7, 7)], "IngressRouteTCPs use transports of other namespaces"),
    known("GHSA-cxjq-mrr5-89rv", CustomResources, (0, 0), &[(6, 23), (7, 7)], "ReplacePathRegex passes the rules of other routes"),
    known("GHSA-qq9q-x9w4-chhj", Gateway, (7, 0), &[(7, 7)], "filters of a route are taken from another namespace"),
    known("GHSA-8rxv-jg7p-wvg3", IngressNginx, (7, 0), &[(7, 8)], "rewritten paths pass the rules of other routes"),
    known("GHSA-3ccp-42pg-hgv6", Always, (0, 0), &[(6, 24), (7, 9)], "a CONNECT request poisons the answers of others"),
    known("GHSA-62fc-8686-hfmq", CustomResources, (0, 0), &[(6, 25), (7, 10)], "routes reach services of other namespaces"),
    known("GHSA-6765-c87h-8mrf", CustomResources, (6, 11), &[(6, 25), (7, 10)], "BasicAuth hands on the name of another user"),
    known("GHSA-fgjj-px3w-67xx", Gateway, (0, 0), &[(6, 25), (7, 10)], "a route takes the backends of another namespace"),
    known("GHSA-5w68-77r2-r64c", CustomResources, (0, 0), &[(7, 11)], "DigestAuth lets in without a password"),
    known("GHSA-m6wx-622r-48r9", CustomResources, (7, 1), &[(7, 11)], "services use middlewares of other namespaces"),
    known("GHSA-g55h-rg46-x9c5", CustomResources, (0, 0), &[(7, 11)], "conflicting TLS options leave client certificates out"),
    known("GHSA-j994-9gqj-9hwq", IngressNginx, (7, 0), &[(7, 11)], "Ingresses of one host leave client certificates out"),
    known("GHSA-7ghq-v6jf-g56c", Http3, (0, 0), &[(7, 12)], "slow requests hold connections"),
    known("GHSA-cjr6-pf59-jq29", IngressNginx, (7, 0), &[(7, 12)], "TLS options of two namespaces are mixed up"),
    known("GHSA-rf44-j88r-hh8c", CustomResources, (0, 0), &[(7, 12)], "clients name the user by headers with dots"),
    known("GHSA-qqjf-53cj-pwvv", Http3, (0, 0), &[(7, 13)], "a backend's signed-in connection serves other clients"),
    known("GHSA-w4v4-9rw7-5326", Always, (4, 2), &[(7, 13)], "an upgrade to h2c passes routes and middlewares"),
    known("GHSA-f52w-8j3h-j724", Always, (0, 0), &[(7, 13)], "an opaque request target passes the rules of routes"),
    known("GHSA-v67p-phpq-fc8x", Always, (2, 0), &[(7, 13)], "headers that are taken off come back as trailers"),
    known("GHSA-8fcf-v89g-xpg6", CustomResources, (6, 11), &[(7, 13)], "BasicAuth tells by its time which users there are"),
];

const fn known(
    id: &'static str,
    part: Part,
    since: (u32, u32),
    fixed: &'static [(u32, u32)],
    what: &'static str,
) -> Advisory {
    Advisory {
        id,
        part,
        what,
        since: Version::three(since),
        fixed,
    }
}

/// What is known of a version, of what a Traefik uses and of what it does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exposure {
    /// The version.
    pub version: Version,
    /// About parts that it uses, the newest first.
    pub used: Vec<&'static Advisory>,
    /// How many are about parts that it does not use.
    pub unused: usize,
    /// The version that mends the last of them all.
    pub mended_in: Version,
}

impl Exposure {
    /// What is known of a version of which `uses` says what it is used for. None: nothing.
    #[must_use]
    pub fn of(version: Version, uses: impl Fn(Part) -> bool) -> Option<Self> {
        let all: Vec<&Advisory> = ADVISORIES
            .iter()
            .rev()
            .filter(|advisory| advisory.concerns(version))
            .collect();
        let mended_in = all.iter().map(|advisory| advisory.mended_in()).max()?;
        let (used, unused): (Vec<&Advisory>, Vec<&Advisory>) =
            all.into_iter().partition(|advisory| uses(advisory.part));
        Some(Self {
            version,
            used,
            unused: unused.len(),
            mended_in,
        })
    }

    /// In a sentence: `Traefik v3.7.11 has known advisories, all mended in v3.7.13: …`.
    #[must_use]
    pub fn sentence(&self) -> String {
        const TOLD: usize = 3;
        let begin = format!(
            "Traefik {} has published security advisories, all mended in {}",
            self.version, self.mended_in
        );
        let unused = match self.unused {
            0 => String::new(),
            some => format!("{some} about parts of it that are off here"),
        };
        if self.used.is_empty() {
            return format!("{begin}: {unused}");
        }
        let mut told: Vec<String> = self
            .used
            .iter()
            .take(TOLD)
            .map(|advisory| format!("{} ({})", advisory.id, advisory.what))
            .collect();
        let more = self.used.len().saturating_sub(TOLD);
        if more > 0 {
            told.push(format!("{more} more"));
        }
        told.extend((!unused.is_empty()).then_some(unused));
        format!("{begin}: {}", told.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Image;
    use super::*;

    fn concerned(version: &str, uses: impl Fn(Part) -> bool) -> Vec<&'static str> {
        let version = Version::parse(version).unwrap();
        let exposure = Exposure::of(version, uses);
        exposure.map_or_else(Vec::new, |all| all.used.iter().map(|one| one.id).collect())
    }

    #[test]
    fn of_the_version_that_this_program_brings_nothing_is_known() {
        let ours = Version::parse(Image::TAG).unwrap();
        assert_eq!(Exposure::of(ours, |_| true), None);
    }

    #[test]
    fn a_version_has_an_advisory_from_the_first_that_has_it_to_the_last_before_the_fix_of_its_minor() {
        let one = ADVISORIES
            .iter()
            .find(|one| one.id == "GHSA-42cj-m3vj-89wv")
            .unwrap();
        for (version, has) in [
            ("v3.5.9", false),
            ("v3.6.0", true),
            ("v3.6.22", true),
            ("v3.6.23", false),
            ("v3.6.99", false),
            ("v3.7.0", true),
            ("v3.7.6", true),
            ("v3.7.7", false),
            ("v3.8.0", false),
        ] {
            assert_eq!(one.concerns(Version::parse(version).unwrap()), has, "{version}");
        }
    }

    #[test]
    fn a_minor_version_that_got_no_fix_has_it_for_ever() {
        let last = concerned("v3.6.25", |_| true);
        assert!(last.contains(&"GHSA-5w68-77r2-r64c"), "{last:?}");
    }

    #[test]
    fn each_version_before_ours_of_this_minor_has_some_and_the_newest_come_first() {
        for patch in 0..=12 {
            let all = concerned(&format!("v3.7.{patch}"), |_| true);
            assert!(!all.is_empty(), "{patch}");
            assert_eq!(all[0], "GHSA-8fcf-v89g-xpg6");
        }
    }

    #[test]
    fn what_is_off_is_counted_and_not_named() {
        let plain = Exposure::of(Version::parse("v3.7.12").unwrap(), |part| part == Always).unwrap();
        assert_eq!((plain.used.len(), plain.unused), (3, 2));
        let told = "Traefik v3.7.12 has published security advisories, all mended in v3.7.13: GHSA-v67p-phpq-fc8x (headers \
            that are taken off come back as trailers); GHSA-f52w-8j3h-j724 (an opaque request target passes the \
            rules of routes); GHSA-w4v4-9rw7-5326 (an upgrade to h2c passes routes and middlewares); 2 about parts \
            of it that are off here";
        assert_eq!(plain.sentence(), told);
        let plain = Exposure::of(Version::parse("v3.7.10").unwrap(), |_| false).unwrap();
        let told = "Traefik v3.7.10 has published security advisories, all mended in v3.7.13: 12 about parts of it that are off here";
        assert_eq!(plain.sentence(), told);
        let all = Exposure::of(Version::parse("v3.6.9").unwrap(), |_| true).unwrap();
        assert!(all.sentence().ends_with("; 29 more"), "{}", all.sentence());
    }

    #[test]
    fn no_advisory_stands_there_twice_and_each_is_mended_after_it_began() {
        let mut ids: Vec<&str> = ADVISORIES.iter().map(|one| one.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), ADVISORIES.len());
        for one in ADVISORIES {
            assert!(one.since < one.mended_in(), "{}", one.id);
            assert!(one.fixed.is_sorted(), "{}", one.id);
        }
        assert!(ADVISORIES.is_sorted_by_key(Advisory::mended_in));
    }
}
