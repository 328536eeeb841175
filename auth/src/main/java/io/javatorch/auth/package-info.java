/**
 * Who we are to Databricks: resolves a host and a token on the driver and carries them to workers.
 * Depends on the Databricks SDK alone; nothing here knows Spark, shards or training.
 */
package io.javatorch.auth;
