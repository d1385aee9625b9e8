//! HTTP with a key.

use std::sync::Arc;

use reqwest::Method;
use serde_json::Value;

use crate::{Answer, Contract};

/// A client of one server with one API key (or none); cheap to clone.
#[derive(Clone)]
pub struct Api {
    client: reqwest::Client,
    base: String,
    key: Option<String>,
    contract: Option<Arc<Contract>>,
}

/// A request being put together.
pub struct Call {
    request: reqwest::RequestBuilder,
    named: String,
    contract: Option<Arc<Contract>>,
}

impl Api {
    /// Speaks to `base`, such as `http://127.0.0.1:8080`.
    pub fn new(base: &str, key: Option<&str>) -> Api {
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(no_tls())
            .no_proxy()
            .timeout(std::time::Duration::from_secs(60))
            .build()
            .expect("a client");
        Api {
            client,
            base: base.to_owned(),
            key: key.map(str::to_owned),
            contract: None,
        }
    }

    /// The same, with every answer held against the document that the server serves.
    pub async fn under_contract(self) -> Api {
        let document = self.with_key(None).get("/openapi.json").await.ok();
        Api {
            contract: Some(Arc::new(Contract::new(document))),
            ..self
        }
    }

    /// What the server's document says, and which of it was answered so far.
    pub fn contract(&self) -> &Contract {
        self.contract.as_deref().expect("an API under contract")
    }

    /// The same server with another key.
    pub fn with_key(&self, key: Option<&str>) -> Api {
        Api {
            key: key.map(str::to_owned),
            ..self.clone()
        }
    }

    pub fn base(&self) -> &str {
        &self.base
    }

    /// A request with this API's key.
    pub fn call(&self, method: &str, path: &str) -> Call {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let named = format!("{method} {path}");
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        if let Some(key) = &self.key {
            request = request.bearer_auth(key);
        }
        let contract = self.contract.clone();
        Call {
            request,
            named,
            contract,
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call("GET", path).send().await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.call("POST", path).json(&body).send().await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.call("PATCH", path).json(&body).send().await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.call("PUT", path).json(&body).send().await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.call("DELETE", path).send().await
    }

    /// All items of a list, page by page.
    pub async fn items(&self, path: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut cursor = String::new();
        loop {
            let joint = if path.contains('?') { '&' } else { '?' };
            let mut page = format!("{path}{joint}limit=200");
            if !cursor.is_empty() {
                page.push_str(&format!("&cursor={cursor}"));
            }
            let page = self.get(&page).await.ok();
            items.extend(page["items"].as_array().expect("items").iter().cloned());
            match page["nextCursor"].as_str() {
                Some(next) => cursor = next.to_owned(),
                None => return items,
            }
        }
    }
}

/// TLS that trusts nobody: everything here is spoken in the clear, and no certificates are looked for.
pub(crate) fn no_tls() -> rustls::ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions of TLS")
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth()
}

impl Call {
    pub fn header(mut self, name: &str, value: &str) -> Call {
        self.request = self.request.header(name, value);
        self
    }

    pub fn json(mut self, body: &Value) -> Call {
        self.request = self.request.json(body);
        self
    }

    /// A body as it is, of this media type.
    pub fn body(mut self, media: &str, body: impl Into<reqwest::Body>) -> Call {
        self.request = self.request.header("content-type", media).body(body);
        self
    }

    /// Fields as `application/x-www-form-urlencoded`.
    pub fn form(mut self, fields: &[(String, String)]) -> Call {
        self.request = self.request.form(fields);
        self
    }

    pub fn multipart(mut self, form: reqwest::multipart::Form) -> Call {
        self.request = self.request.multipart(form);
        self
    }

    /// The answer, or why there was none (the server was killed, say).
    pub async fn attempt(self) -> Result<Answer, reqwest::Error> {
        let response = self.request.send().await?;
        let path = response.url().path().to_owned();
        let answer = Answer {
            request: self.named,
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.bytes().await?.to_vec(),
        };
        if let Some(contract) = &self.contract {
            let method = answer.request.split(' ').next().unwrap_or_default();
            contract.hold(method, &path, &answer);
        }
        Ok(answer)
    }

    /// The answer; panics when there is none.
    pub async fn send(self) -> Answer {
        let named = self.named.clone();
        let answer = self.attempt().await;
        answer.unwrap_or_else(|cause| panic!("{named}: {cause:?}"))
    }
}
