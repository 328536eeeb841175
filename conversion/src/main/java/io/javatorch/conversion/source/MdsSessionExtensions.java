package io.javatorch.conversion.source;

import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.SparkSessionExtensions;
import org.apache.spark.sql.SparkSessionExtensionsProvider;
import scala.Function1;
import scala.runtime.BoxedUnit;

/**
 * Gives every session the catalog {@code mds}, unless it has one of that name. Spark finds it where
 * this library is on the class path when a session is built.
 */
public final class MdsSessionExtensions implements SparkSessionExtensionsProvider {
  static final String CATALOG = "mds";
  static final String SETTING = "spark.sql.catalog." + CATALOG;

  /** Made by Spark. */
  public MdsSessionExtensions() {}

  @Override
  public BoxedUnit apply(SparkSessionExtensions extensions) {
    // A check that checks nothing: Spark calls this once for each session, with the session, when
    // it is whole and has resolved no name yet.
    inject(extensions, MdsSessionExtensions::register);
    return BoxedUnit.UNIT;
  }

  /**
   * Without type parameters: the class of the session is another one in Spark 3 than in Spark 4.
   */
  @SuppressWarnings({"unchecked", "rawtypes"})
  private static void inject(SparkSessionExtensions extensions, Function1<Object, Object> check) {
    extensions.injectCheckRule((Function1) check);
  }

  private static Object register(Object session) {
    if (session instanceof SparkSession spark && spark.conf().getOption(SETTING).isEmpty()) {
      spark.conf().set(SETTING, MdsCatalog.class.getName());
    }
    Function1<Object, BoxedUnit> nothing = plan -> BoxedUnit.UNIT;
    return nothing;
  }
}
