//! Who may depend on whom: the one table, which the check enforces and the document shows.

/// A package of ours and what it may use.
#[derive(Debug)]
pub(crate) struct Layer {
    /// The package.
    pub(crate) package: &'static str,
    /// Packages of ours that its code and its build script may use.
    pub(crate) uses: &'static [&'static str],
    /// Packages of ours that only its tests may use, besides.
    pub(crate) tests_use: &'static [&'static str],
}

/// All of them. What is not here is not allowed.
pub(crate) const LAYERS: &[Layer] = &[
    layer("kompox-domain", &[], &[]),
    layer("kompox-usecase", &["kompox-domain"], &[]),
    layer("kompox-files", &["kompox-domain"], &[]),
    layer("kompox-proxy", &["kompox-domain"], &[]),
    layer("kompox-yaml", &[], &[]),
    layer(
        "kompox-arm",
        &["kompox-domain", "kompox-files", "kompox-proxy"],
        &["kompox-azure-emulator"],
    ),
    layer(
        "kompox-kube",
        &["kompox-domain", "kompox-proxy", "kompox-yaml"],
        &["kompox-azure-emulator"],
    ),
    layer(
        "kompox-config",
        &["kompox-domain", "kompox-files", "kompox-yaml"],
        &[],
    ),
    layer(
        "kompox-aks",
        &["kompox-domain", "kompox-files", "kompox-arm", "kompox-kube"],
        &["kompox-azure-emulator", "kompox-driver-conformance"],
    ),
    layer("kompox-driver-conformance", &["kompox-domain"], &[]),
    layer("kompox-arm-template", &[], &[]),
    layer("kompox-emulator-core", &[], &[]),
    layer("kompox-kubernetes-emulator", &["kompox-emulator-core"], &[]),
    layer(
        "kompox-azure-emulator",
        &[
            "kompox-arm-template",
            "kompox-emulator-core",
            "kompox-kubernetes-emulator",
        ],
        &[],
    ),
    layer(
        "kompoxops",
        &[
            "kompox-domain",
            "kompox-usecase",
            "kompox-files",
            "kompox-proxy",
            "kompox-arm",
            "kompox-kube",
            "kompox-config",
            "kompox-aks",
            "kompox-driver-conformance",
            "kompox-azure-emulator",
        ],
        &[],
    ),
    layer(
        "kompox-tests",
        &[
            "kompox-domain",
            "kompox-usecase",
            "kompox-files",
            "kompox-arm",
            "kompox-kube",
            "kompox-config",
            "kompox-aks",
            "kompox-driver-conformance",
            "kompox-azure-emulator",
            "kompoxops",
        ],
        &[],
    ),
    layer("xtask", &[], &["kompoxops"]),
    layer("bench-peer", &["kompox-azure-emulator"], &[]),
];

const fn layer(
    package: &'static str,
    uses: &'static [&'static str],
    tests_use: &'static [&'static str],
) -> Layer {
    Layer {
        package,
        uses,
        tests_use,
    }
}

/// What a package must not have in its normal dependencies, however deep, with all its features.
#[derive(Debug)]
pub(crate) struct Ban {
    /// The package.
    pub(crate) package: &'static str,
    /// Whether all its features are turned on for the look; else its default ones.
    pub(crate) all_features: bool,
    /// Names of packages; with `*` at the end, the beginnings of names.
    pub(crate) without: &'static [&'static str],
    /// What that keeps true.
    pub(crate) reason: &'static str,
}

/// Runtimes, transports, formats and clouds.
const OUTSIDE: &[&str] = &[
    "tokio",
    "reqwest",
    "hyper*",
    "http",
    "kube*",
    "k8s-openapi",
    "clap*",
    "serde_yaml*",
    "serde-saphyr",
    "saphyr*",
    "azure_*",
];

/// All bans.
pub(crate) const BANS: &[Ban] = &[
    Ban {
        package: "kompox-domain",
        all_features: true,
        without: OUTSIDE,
        reason: "the domain knows no runtime, transport, format or cloud",
    },
    Ban {
        package: "kompox-usecase",
        all_features: true,
        without: OUTSIDE,
        reason: "use cases know ports only",
    },
    Ban {
        package: "kompoxops",
        all_features: false,
        without: &["mockall", "proptest", "insta"],
        reason: "tools of tests do not reach users",
    },
];
