//! Style, script and icon: compiled in, told apart by a digest of their bytes.

use std::sync::LazyLock;

use sha2::{Digest as _, Sha256};

/// A file that pages load.
pub struct Asset {
    /// Its name below `/assets/`.
    pub name: &'static str,
    /// Its media type.
    pub media: &'static str,
    /// Its bytes.
    pub body: &'static str,
    /// What a browser shows to ask whether it has changed, with its quotes.
    pub etag: String,
}

static ALL: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    [
        (
            "style.css",
            "text/css; charset=utf-8",
            include_str!("../assets/style.css"),
        ),
        (
            "live.js",
            "text/javascript; charset=utf-8",
            include_str!("../assets/live.js"),
        ),
        (
            "icon.svg",
            "image/svg+xml",
            include_str!("../assets/icon.svg"),
        ),
    ]
    .into_iter()
    .map(|(name, media, body)| Asset {
        name,
        media,
        body,
        etag: format!("\"{}\"", &hex::encode(Sha256::digest(body))[..32]),
    })
    .collect()
});

/// The file of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Asset> {
    ALL.iter().find(|asset| asset.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_name_no_other_host_and_fit_the_policy() {
        for asset in ALL.iter() {
            let inside = asset.body.replace("http://www.w3.org/2000/svg", "");
            assert!(
                !inside.contains("http:") && !inside.contains("https:"),
                "{}",
                asset.name
            );
            assert!(
                !inside.contains("eval(") && !inside.contains("innerHTML"),
                "{}",
                asset.name
            );
        }
        assert!(find("style.css").is_some() && find("../Cargo.toml").is_none());
    }
}
