package io.javatorch.auth;

import java.util.Optional;

/**
 * How a launcher gives all code of a process the credentials that it keeps fresh: the variables of
 * a process cannot change once it runs, and the token in them expires. Found by {@link
 * java.util.ServiceLoader}; needs a public constructor without parameters.
 *
 * <p>{@link DatabricksAuth} asks it before it looks into the environment, unless it was told of
 * credentials itself.
 */
public interface ProcessCredentials {
  /** The credentials of this process; empty where no launcher gave it any. Must not block. */
  Optional<CredentialsSource> find();
}
