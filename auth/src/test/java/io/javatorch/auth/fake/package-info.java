/**
 * A Databricks workspace for tests, over real HTTP on this host's loopback: OAuth of service
 * principals, the Files API, and faults on demand. Other modules have it as this module's test jar.
 */
package io.javatorch.auth.fake;
