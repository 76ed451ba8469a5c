//! The configuration loader: bytes become files, files a catalog or errors with a place.
//!
//! The first byte says which form: `o` a kompoxops.yml, `a` an app file, anything else a KOM file. A line `%%%`
//! begins another KOM file beside it.
#![no_main]

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use kompox_config::{Sources, load};
use libfuzzer_sys::fuzz_target;

static DIRECTORY: LazyLock<tempfile::TempDir> = LazyLock::new(|| tempfile::tempdir().unwrap());

fn write(directory: &Path, name: &str, data: &[u8]) {
    fs::write(directory.join(name), data).unwrap();
}

fuzz_target!(|data: &[u8]| {
    let Some((form, data)) = data.split_first() else {
        return;
    };
    let directory = DIRECTORY.path();
    let mut sources = Sources {
        current_dir: directory.to_owned(),
        ..Sources::default()
    };
    match form {
        b'o' => {
            write(directory, "fuzz-ops.yml", data);
            sources.config = Some("fuzz-ops.yml".into());
        }
        b'a' => {
            write(directory, "kompoxapp.yml", data);
            sources.kom_app = Some("kompoxapp.yml".into());
        }
        _ => {
            let at = data.windows(5).position(|window| window == b"\n%%%\n");
            let (one, two) = at.map_or((data, &b""[..]), |at| (&data[..at], &data[at + 5..]));
            write(directory, "one.yml", one);
            write(directory, "two.yml", two);
            sources.kom_paths = vec!["one.yml".into(), "two.yml".into()];
        }
    }
    let result = load(&sources, &|_| None);
    if form == &b'a' {
        fs::remove_file(directory.join("kompoxapp.yml")).unwrap();
    }
    match result {
        Ok(loaded) => assert!(!loaded.files.is_empty()),
        Err(errors) => {
            assert!(errors.iter().count() <= 1_000);
            for error in errors.iter() {
                let text = error.to_string();
                assert!(text.chars().count() <= 4_000, "{} characters", text.len());
                assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
            }
            let error = kompox_domain::Error::from(errors);
            assert!(error.to_string().chars().count() <= 100_000);
        }
    }
});
