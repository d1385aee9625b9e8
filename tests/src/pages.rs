//! The pages as a browser without scripts has them: cookies, forms and redirects, by hand.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use crate::api::no_tls;
use crate::{Answer, Server};

/// A browser at a server's pages; clones share its cookies.
#[derive(Clone)]
pub struct Pages {
    client: reqwest::Client,
    base: String,
    cookies: Arc<Mutex<BTreeMap<String, String>>>,
}

impl Pages {
    /// A browser without cookies.
    pub fn of(server: &Server) -> Pages {
        Pages::at(server.base())
    }

    /// The same for a server at this address, `http://` included.
    pub fn at(base: &str) -> Pages {
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(no_tls())
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(std::time::Duration::from_secs(60))
            .build()
            .expect("a client");
        Pages {
            client,
            base: base.to_owned(),
            cookies: Arc::default(),
        }
    }

    /// A browser that is logged in with this key.
    pub async fn inside(server: &Server, key: &str) -> Pages {
        let pages = Pages::of(server);
        let answer = pages.log_in(key).await;
        assert_eq!(answer.status, 303, "{}", answer.text());
        pages
    }

    /// Logs in by the form.
    pub async fn log_in(&self, key: &str) -> Answer {
        self.press("/login", "/login", &[("key", key)]).await
    }

    /// The value of a cookie; none when there is none.
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().expect("cookies").get(name).cloned()
    }

    /// A page; redirects are not followed.
    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], None).await
    }

    /// The HTML of a page that is there.
    pub async fn html(&self, path: &str) -> String {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{path}\n{}", answer.text());
        answer.text()
    }

    /// Posts a form of a page: with its guarding fields, as a browser does.
    pub async fn press(&self, page: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let html = self.html(page).await;
        let mut all: Vec<(&str, String)> = Vec::new();
        for name in ["csrf", "once"] {
            all.extend(field(&html, name).map(|value| (name, value)));
        }
        all.extend(
            fields
                .iter()
                .map(|(name, value)| (*name, (*value).to_owned())),
        );
        let all: Vec<(&str, &str)> = all
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        self.post(path, &all, &[]).await
    }

    /// Posts exactly these fields.
    pub async fn post(
        &self,
        path: &str,
        fields: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Answer {
        self.send("POST", path, headers, Some(fields)).await
    }

    /// Any request, with further headers.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        fields: Option<&[(&str, &str)]>,
    ) -> Answer {
        let named = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
        let mut request = self.client.request(named, format!("{}{path}", self.base));
        let cookies: Vec<String> = self
            .cookies
            .lock()
            .expect("cookies")
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(fields) = fields {
            request = request.form(fields);
        }
        let response = request.send().await;
        let response = response.unwrap_or_else(|cause| panic!("{method} {path}: {cause:?}"));
        self.keep(response.headers());
        Answer {
            request: format!("{method} {path}"),
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.bytes().await.expect("a body").to_vec(),
        }
    }

    fn keep(&self, headers: &reqwest::header::HeaderMap) {
        let mut cookies = self.cookies.lock().expect("cookies");
        for set in headers.get_all("set-cookie") {
            let set = set.to_str().expect("a cookie");
            let pair = set.split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').expect("name and value");
            if value.is_empty() || set.contains("Max-Age=0") {
                cookies.remove(name);
            } else {
                cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

/// The value of the first hidden field of this name.
pub fn field(html: &str, name: &str) -> Option<String> {
    let (_, after) = html.split_once(&format!("name=\"{name}\" value=\""))?;
    after.split('"').next().map(str::to_owned)
}

/// The addresses within the server that a page leads to, without fragments.
pub fn links(html: &str) -> Vec<String> {
    let mut links: Vec<String> = ["href=\"", "src=\""]
        .iter()
        .flat_map(|name| html.split(name).skip(1))
        .filter_map(|after| after.split('"').next())
        .map(|link| {
            link.split('#')
                .next()
                .unwrap_or_default()
                .replace("&amp;", "&")
        })
        .filter(|link| link.starts_with('/'))
        .collect();
    links.sort();
    links.dedup();
    links
}
