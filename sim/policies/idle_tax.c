/* idle_tax.c - shares per page, idle pages at a higher price. */
#include "sim/policies/idle_tax.h"

double idle_tax_rho(double shares, double pages, double active, double tax)
{
    double price = 1 / (1 - tax);
    return shares / (pages * (active + price * (1 - active)));
}
