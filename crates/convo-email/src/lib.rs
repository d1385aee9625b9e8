//! Provider-neutral e-mail: MIME reading with limits, observations, and the ports of providers.
