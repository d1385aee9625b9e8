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
    /// Who asks, for log lines: an id, never a name.
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
    /// The scopes it needs, all of them.
    const SCOPES: &'static [Scope];
}

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident: [$($scope:ident),+]),+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub struct $name;

        impl Permission for $name {
            const SCOPES: &'static [Scope] = &[$(Scope::$scope),+];
        }
    )+};
}

permissions!(
    /// To read.
    Read: [Read],
    /// To change conversations and leads.
    Write: [Write],
    /// To take conversations over.
    Agent: [Write, Agent],
    /// To administer.
    Admin: [Admin]
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
        let Some(caller) = caller else {
            return ready(Err(Problem::unauthenticated()));
        };
        let missing = P::SCOPES.iter().find(|one| !caller.scopes.allow(**one));
        ready(match missing {
            None => Ok(Self {
                caller,
                permission: PhantomData,
            }),
            Some(scope) => Err(Problem::forbidden(scope.name())),
        })
    }
}
