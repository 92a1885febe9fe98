/** The global layers, in their order. Components and screens bring their own rules with them. */
import "./layers.css";
import "./tokens.css";
import "./base.css";
