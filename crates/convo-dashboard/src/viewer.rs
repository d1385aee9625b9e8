//! Who looks at a page.

/// Who looks, and what that key may do; a page shows no button that would be refused for its key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Viewer {
    /// What the key's owner calls it.
    pub name: String,
    /// Id of the agent the key belongs to.
    pub agent: Option<String>,
    /// Scope `write`.
    pub may_write: bool,
    /// Scopes `write` and `agent`.
    pub may_act: bool,
    /// Scope `admin`.
    pub may_administer: bool,
    /// What every POST of this session must carry.
    pub csrf: String,
    /// What a POST of this page carries, so that sending it twice does it once.
    pub once: String,
}

impl Viewer {
    /// Whether the key belongs to this agent.
    #[must_use]
    pub fn is_agent(&self, id: Option<&str>) -> bool {
        id.is_some() && self.agent.as_deref() == id
    }
}
