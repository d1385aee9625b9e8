//! `Authorized<P>`: a handler's signature says which permission it needs.

use std::future::{Ready, ready};
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use uuid::Uuid;

use super::{Scope, Scopes};
use crate::problem::Problem;

/// Who is asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The key's id; none for the bootstrap key.
    pub key_id: Option<Uuid>,
    /// What the key's owner calls it.
    pub name: String,
    /// What it may do.
    pub scopes: Scopes,
    /// The agent the key belongs to.
    pub agent_id: Option<Uuid>,
}

impl Caller {
    /// The actor as the audit stores it: an id, never a name.
    #[must_use]
    pub fn actor(&self) -> String {
        match (self.agent_id, self.key_id) {
            (Some(agent), _) => format!("agent:{agent}"),
            (None, Some(key)) => format!("key:{key}"),
            (None, None) => "key:bootstrap".to_owned(),
        }
    }
}

/// A permission a handler can ask for.
pub trait Permission: 'static {
    /// The scope it needs.
    const SCOPE: Scope;
}

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident),+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub struct $name;

        impl Permission for $name {
            const SCOPE: Scope = Scope::$name;
        }
    )+};
}

permissions!(
    /// To read.
    Read,
    /// To change conversations and leads.
    Write,
    /// To take conversations over.
    Agent,
    /// To administer.
    Admin
);

/// Proof that the caller's key has the permission; only the request can make one.
#[derive(Debug, Clone)]
pub struct Authorized<P> {
    caller: Arc<Caller>,
    permission: PhantomData<P>,
}

impl<P> Deref for Authorized<P> {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.caller
    }
}

impl<P: Permission> FromRequest for Authorized<P> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    /// Ready at once: the caller was found before, by `authenticate`. Without it nobody gets in.
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let caller = request.extensions().get::<Arc<Caller>>().cloned();
        ready(match caller {
            None => Err(Problem::unauthenticated()),
            Some(caller) if caller.scopes.allow(P::SCOPE) => Ok(Self {
                caller,
                permission: PhantomData,
            }),
            Some(_) => Err(Problem::forbidden(P::SCOPE.name())),
        })
    }
}
