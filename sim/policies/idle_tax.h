/* idle_tax.h - ESX's idle-memory tax: who gives the next page.  Pure. */
#ifndef SIM_POLICIES_IDLE_TAX_H
#define SIM_POLICIES_IDLE_TAX_H

#define IDLE_TAX 0.75

/* Shares per page of a VM with that many pages of which active (0..1) are in use, when
 * idle ones cost 1/(1-tax) times as much; tax in [0, 1), pages > 0.  Memory is taken from
 * the VM with the least. */
double idle_tax_rho(double shares, double pages, double active, double tax);

#endif
