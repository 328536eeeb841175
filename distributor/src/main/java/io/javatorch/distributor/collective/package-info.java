/**
 * Collective operations between the ranks of one job: {@link
 * io.javatorch.distributor.collective.ProcessGroup} and what implements it over sockets. Nothing
 * here knows Spark or DJL.
 *
 * <p>A rank opens a {@link io.javatorch.distributor.collective.CollectiveEndpoint}, tells its
 * address to the others by any means, and connects once it knows all addresses.
 */
package io.javatorch.distributor.collective;
